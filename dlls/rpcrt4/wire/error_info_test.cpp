#include "wire/error_info.h"

#include <gtest/gtest.h>

#include "wire/test_bytes.h"

namespace rpc::wire {
namespace {

Buffer bytes_of(std::u16string_view text) {
    Buffer b;
    EXPECT_TRUE(b.resize((text.size() + 1) * 2));
    memset(b.data(), 0, b.size());
    memcpy(b.data(), text.data(), text.size() * 2);
    return b;
}
Buffer bytes_of(std::string_view text) {
    Buffer b;
    EXPECT_TRUE(b.append({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
    const uint8_t nul = 0;
    EXPECT_TRUE(b.append({&nul, 1}));
    return b;
}

Ref<ErrorRecord> record(uint32_t status) {
    auto r = make_ref<ErrorRecord>();
    r->process_id = 77;
    r->time = 0x019DB1DED53E8000;
    r->component = 2;
    r->status = status;
    return r;
}

ErrorChain chain_of(size_t n) {
    ErrorChain chain;
    for (size_t i = 0; i < n; ++i) EXPECT_TRUE(chain.push_back(record(static_cast<uint32_t>(i))));
    return chain;
}

Ref<ErrorRecord> full_record() {
    auto r = record(0x11223344);
    r->component = 1;
    r->location = 313;
    r->flags = error_flag::previous_missing;
    r->computer = bytes_of(u"HOST");
    r->param_count = 4;
    r->params[0].type = ErrorParamType::ansi;
    r->params[0].text = bytes_of("abc");
    r->params[1].type = ErrorParamType::short_value;
    r->params[1].number = 7;
    r->params[2].type = ErrorParamType::pointer;
    r->params[2].number = 0x1122334455667788;
    r->params[3].type = ErrorParamType::utf16;
    r->params[3].text = bytes_of(u"xy");
    return r;
}

std::string encoded(const ErrorChain& chain, ByteView computer = {}, size_t limit = SIZE_MAX) {
    Buffer out;
    EXPECT_EQ(encode_error_info(chain, computer, limit, out), Status::ok);
    EXPECT_LE(out.size(), limit);
    return hex(out.view());
}

// Written by hand from [MS-EERR] appendix A and C706 chapter 14.
const char* const one_hex =
    "01 10 08 00 cccccccc 30000000 00000000"
    "00000200 00000000"                          // top level, number of parameters
    "00000000 0200 0200 4d000000 00000000"       // Next, no name, process
    "00803ed5deb19d01 02000000 05000000"         // time, component, status
    "0000 0000 0000 0000";                       // location, flags, parameters

const char* const two_hex =
    "01 10 08 00 cccccccc d0000000 00000000"
    "00000200 04000000"
    "04000200 0100 0100 0500 0000 08000200"      // Next, name of 5
    "4d000000 00000000 00803ed5deb19d01 01000000 44332211"
    "3901 0100 0400 0000"                        // location, flags, parameters
    "0100 0100 0400 0000 0c000200 00000000"      // ANSI of 4
    "0400 0400 0700 0000"                        // short
    "0500 0500 00000000 8877665544332211"        // pointer
    "0200 0200 0300 0000 10000200"               // Unicode of 3
    "00000000"                                   // the root cause: what Next leads to comes first of all
    "00000000 0100 0100 0200 0000 14000200 4d000000 00000000"
    "00803ed5deb19d01 02000000 05000000 0000 0000 0000 0000"
    "02000000 5200 0000 05000000 4800 4f00 5300 5400 0000 0000 04000000 61626300 03000000 7800 7900 0000 0000 00000000";

TEST(ErrorInfo, OneRecord) {
    ErrorChain chain;
    ASSERT_TRUE(chain.push_back(record(5)));
    EXPECT_EQ(encoded(chain), hex(one_hex));
}

TEST(ErrorInfo, TextComesBehindWhatNextLeadsTo) {
    ErrorChain chain;
    auto root = record(5);
    root->computer = bytes_of(u"R");
    ASSERT_TRUE(chain.push_back(std::move(root)));
    ASSERT_TRUE(chain.push_back(full_record()));
    EXPECT_EQ(encoded(chain), hex(two_hex));
}

void expect_same(const ErrorRecord& a, const ErrorRecord& b) {
    EXPECT_EQ(hex(a.computer.view()), hex(b.computer.view()));
    EXPECT_EQ(a.process_id, b.process_id);
    EXPECT_EQ(a.time, b.time);
    EXPECT_EQ(a.component, b.component);
    EXPECT_EQ(a.status, b.status);
    EXPECT_EQ(a.location, b.location);
    EXPECT_EQ(a.flags, b.flags);
    ASSERT_EQ(a.param_count, b.param_count);
    for (size_t i = 0; i < a.param_count; ++i) {
        EXPECT_EQ(a.params[i].type, b.params[i].type);
        EXPECT_EQ(a.params[i].number, b.params[i].number);
        EXPECT_EQ(hex(a.params[i].text.view()), hex(b.params[i].text.view()));
    }
}

TEST(ErrorInfo, ComesBack) {
    ErrorChain chain, back;
    ASSERT_TRUE(chain.push_back(full_record()));
    ASSERT_TRUE(chain.push_back(record(6)));
    ASSERT_TRUE(chain.push_back(full_record()));
    Buffer out;
    ASSERT_EQ(encode_error_info(chain, {}, SIZE_MAX, out), Status::ok);
    ASSERT_EQ(decode_error_info(out.view(), back), Status::ok);
    ASSERT_EQ(back.size(), 3u);
    for (size_t i = 0; i < 3; ++i) expect_same(*chain[i], *back[i]);
}

TEST(ErrorInfo, TheNewestRecordGetsThisMachinesName) {
    ErrorChain back;
    Buffer out, host = bytes_of(u"here");
    ASSERT_EQ(encode_error_info(chain_of(3), host.view(), SIZE_MAX, out), Status::ok);
    ASSERT_EQ(decode_error_info(out.view(), back), Status::ok);
    EXPECT_EQ(hex(back[2]->computer.view()), hex(host.view()));
    EXPECT_TRUE(back[1]->computer.empty());
    ErrorChain named;
    ASSERT_TRUE(named.push_back(full_record()));
    out.clear();
    ASSERT_EQ(encode_error_info(named, host.view(), SIZE_MAX, out), Status::ok);
    ASSERT_EQ(decode_error_info(out.view(), back), Status::ok);
    EXPECT_EQ(hex(back[0]->computer.view()), hex(bytes_of(u"HOST").view()));
}

TEST(ErrorInfo, TheStructureItselfIsReadAsWell) {
    const char* const bare =
        "01 10 08 00 cccccccc 38000000 00000000 01000000 00000000"
        "00000000 0200 0200 4d000000 00000000 00803ed5deb19d01 02000000 05000000 0000 0000 0100 0000 0300 0300 09000000";
    ErrorChain back;
    ASSERT_EQ(decode_error_info(unhex(bare), back), Status::ok);
    ASSERT_EQ(back.size(), 1u);
    auto expected = record(5);
    expected->param_count = 1;
    expected->params[0].type = ErrorParamType::long_value;
    expected->params[0].number = 9;
    expect_same(*back[0], *expected);
}

TEST(ErrorInfo, BigEndian) {
    const char* const big =
        "01 00 08 00 cccccccc 00000040 00000000 00020000 00000000"
        "00000000 0001 0001 0002 0000 00020004 0000004d 00000000 019db1ded53e8000 00000002 00000005 0000 0000 0000 0000"
        "00000002 0041 0000";
    ErrorChain back;
    ASSERT_EQ(decode_error_info(unhex(big), back), Status::ok);
    auto expected = record(5);
    expected->computer = bytes_of(u"A");
    expect_same(*back[0], *expected);
}

// Status of the records from the newest on, and the flags.
std::string shape(ByteView blob) {
    ErrorChain back;
    EXPECT_EQ(decode_error_info(blob, back), Status::ok);
    std::string text;
    for (size_t i = back.size(); i-- != 0;) text += std::to_string(back[i]->status) + "/" + std::to_string(back[i]->flags) + " ";
    return text;
}

TEST(ErrorInfo, RecordsGoFromTheLastButOneBackwards) {
    ErrorChain chain = chain_of(6);
    Buffer whole;
    ASSERT_EQ(encode_error_info(chain, {}, SIZE_MAX, whole), Status::ok);
    EXPECT_EQ(shape(whole.view()), "5/0 4/0 3/0 2/0 1/0 0/0 ");
    Buffer out;
    ASSERT_EQ(encode_error_info(chain, {}, whole.size() - 1, out), Status::ok);
    EXPECT_EQ(shape(out.view()), "5/0 4/0 3/0 2/2 0/1 ");
    out.clear();
    ASSERT_EQ(encode_error_info(chain, {}, 24 + 3 * 48, out), Status::ok);
    EXPECT_EQ(shape(out.view()), "5/0 4/2 0/1 ");
    out.clear();
    ASSERT_EQ(encode_error_info(chain, {}, 24 + 2 * 48, out), Status::ok);
    EXPECT_EQ(shape(out.view()), "5/2 0/1 ");
    EXPECT_EQ(encode_error_info(chain, {}, 100, out), Status::invalid_arg);
    EXPECT_EQ(shape(out.view()), "5/2 0/1 ") << "what was there stays";
}

TEST(ErrorInfo, ThenTextGoes) {
    ErrorChain chain, back;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(chain.push_back(full_record()));
    Buffer out;
    ASSERT_EQ(encode_error_info(chain, {}, 250, out), Status::ok);
    ASSERT_EQ(decode_error_info(out.view(), back), Status::ok);
    ASSERT_EQ(back.size(), 2u);
    for (auto& r : back) {
        EXPECT_TRUE(r->computer.empty());
        EXPECT_EQ(r->params[0].type, ErrorParamType::none);
        EXPECT_EQ(r->params[1].number, 7u);
        EXPECT_EQ(r->params[3].type, ErrorParamType::none);
    }
}

TEST(ErrorInfo, TextThatNoCountHoldsBecomesNone) {
    auto r = full_record();
    ASSERT_TRUE(r->params[3].text.resize(2 * 40000));
    ErrorChain chain, back;
    ASSERT_TRUE(chain.push_back(std::move(r)));
    Buffer out;
    ASSERT_EQ(encode_error_info(chain, {}, SIZE_MAX, out), Status::ok);
    ASSERT_EQ(decode_error_info(out.view(), back), Status::ok);
    EXPECT_EQ(back[0]->params[3].type, ErrorParamType::none);
}

TEST(ErrorInfo, EveryTruncationIsRefused) {
    ErrorChain chain, back;
    ASSERT_TRUE(chain.push_back(record(5)));
    ASSERT_TRUE(chain.push_back(full_record()));
    Buffer out;
    ASSERT_EQ(encode_error_info(chain, {}, SIZE_MAX, out), Status::ok);
    for (size_t n = 0; n < out.size(); ++n) EXPECT_EQ(decode_error_info(out.view().first(n), back), Status::bad_stub_data) << n;
    EXPECT_TRUE(back.empty());
}

TEST(ErrorInfo, Nonsense) {
    struct {
        size_t at;
        uint8_t value;
    } const spoilt[] = {
        {0, 2},    // version
        {1, 0x20}, // byte order
        {2, 16},   // header length
        {8, 0x31}, // longer than it is
        {20, 5},   // parameters
        {28, 3},   // name neither present nor absent
        {30, 1},   // the union says otherwise
        {60, 1},   // parameters, again
    };
    for (auto& s : spoilt) {
        std::vector<uint8_t> raw = unhex(one_hex);
        raw[s.at] = s.value;
        ErrorChain back;
        EXPECT_EQ(decode_error_info(raw, back), Status::bad_stub_data) << s.at;
    }
}

TEST(ErrorInfo, MemoryRunsOut) {
    ErrorChain chain, back;
    ASSERT_TRUE(chain.push_back(full_record()));
    ASSERT_TRUE(chain.push_back(full_record()));
    Buffer out;
    for (long n = 1;; ++n) {
        mem_fail_nth(n);
        Status status = encode_error_info(chain, {}, SIZE_MAX, out);
        if (!failed(status)) status = decode_error_info(out.view(), back);
        const bool pending = mem_fail_nth_pending();
        mem_fail_nth(0);
        if (pending) break;
        EXPECT_EQ(status, Status::out_of_memory);
        EXPECT_TRUE(back.empty());
        out.clear();
    }
    EXPECT_EQ(back.size(), 2u);
}

}  // namespace
}  // namespace rpc::wire
