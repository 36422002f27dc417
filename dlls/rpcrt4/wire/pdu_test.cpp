#include "wire/pdu.h"

#include <gtest/gtest.h>

#include "wire/bind.h"
#include "wire/test_bytes.h"

namespace rpc::wire {
namespace {

constexpr Uuid object{0x01020304, 0x0506, 0x0708, {9, 10, 11, 12, 13, 14, 15, 16}};

// Every vector was written by hand from C706 12.6.4 and [MS-RPCE] 2.2.2.
const char* const request_hex =
    "05 00 00 03 10 00 00 00 20 00 00 00 07 00 00 00"
    "08 00 00 00 01 00 0c 00 11 22 33 44 55 66 77 88";
const char* const request_object_hex =
    "05 00 00 83 10 00 00 00 2c 00 00 00 07 00 00 00"
    "04 00 00 00 01 00 0c 00 04 03 02 01 06 05 08 07 09 0a 0b 0c 0d 0e 0f 10 aa bb cc dd";
const char* const request_big_endian_hex =
    "05 01 00 83 00 00 00 00 00 2c 00 00 00 00 00 07"
    "00 00 00 04 00 01 00 0c 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 aa bb cc dd";
// Three bytes of stub data, 13 of padding, verifier of 4 bytes.
const char* const request_signed_hex =
    "05 00 00 03 10 00 00 00 34 00 04 00 07 00 00 00 03 00 00 00 01 00 0c 00"
    "a1 a2 a3 00 00 00 00 00 00 00 00 00 00 00 00 00 0a 05 0d 00 78 56 34 12 de ad be ef";
const char* const response_hex =
    "05 00 02 03 10 00 00 00 1c 00 00 00 07 00 00 00 04 00 00 00 01 00 02 00 de ad be ef";
const char* const fault_hex =
    "05 00 03 23 10 00 00 00 20 00 00 00 07 00 00 00 20 00 00 00 01 00 01 00 02 00 01 1c 00 00 00 00";
const char* const fault_eeinfo_hex =
    "05 00 03 03 10 00 00 00 24 00 00 00 07 00 00 00 24 00 00 00 01 00 00 01 ba 06 00 00 00 00 00 00 e1 e2 e3 e4";
const char* const co_cancel_hex = "05 00 12 03 10 00 00 00 10 00 00 00 44 33 22 11";
const char* const orphaned_hex = "05 00 13 03 10 00 00 00 10 00 00 00 44 33 22 11";
const char* const shutdown_hex = "05 00 11 03 10 00 00 00 10 00 00 00 00 00 00 00";
const char* const auth3_hex =
    "05 00 10 03 10 00 00 00 20 00 04 00 02 00 00 00 00 00 00 00 0a 06 00 00 01 00 00 00 61 62 63 64";

Pdu parsed(std::vector<uint8_t>&& raw) = delete;  // the PDU's views point into it
Pdu parsed(const std::vector<uint8_t>& raw) {
    Pdu pdu;
    EXPECT_EQ(parse_pdu(raw, pdu), Parsed::ok);
    return pdu;
}

TEST(Header, ReadsItsFields) {
    std::vector<uint8_t> raw = unhex(co_cancel_hex);
    Header h;
    ASSERT_EQ(parse_header(raw, h), Parsed::ok);
    EXPECT_EQ(h.type, PduType::co_cancel);
    EXPECT_EQ(h.flags, pfc::whole);
    EXPECT_EQ(h.version_minor, 0);
    EXPECT_EQ(h.frag_length, 16);
    EXPECT_EQ(h.auth_length, 0);
    EXPECT_EQ(h.call_id, 0x11223344u);
    EXPECT_FALSE(h.big_endian);
}

TEST(Header, RefusesWhatIsNotOne) {
    struct Case {
        size_t at;
        uint8_t value;
        Parsed why;
    };
    const Case cases[] = {{0, 4, Parsed::bad_version}, {0, 6, Parsed::bad_version},  {1, 2, Parsed::bad_version},
                          {2, 1, Parsed::bad_type},    {2, 4, Parsed::bad_type},     {2, 10, Parsed::bad_type},
                          {2, 20, Parsed::bad_type},   {2, 255, Parsed::bad_type},   {4, 0x20, Parsed::bad_drep},
                          {4, 0x12, Parsed::bad_drep}, {5, 4, Parsed::bad_drep},     {8, 15, Parsed::bad_length},
                          {8, 0, Parsed::bad_length},  {10, 1, Parsed::bad_length},  {11, 0xFF, Parsed::bad_length}};
    for (const Case& c : cases) {
        std::vector<uint8_t> raw = unhex(co_cancel_hex);
        raw[c.at] = c.value;
        Header h;
        EXPECT_EQ(parse_header(raw, h), c.why) << c.at << " " << int{c.value};
        Pdu pdu;
        EXPECT_EQ(parse_pdu(raw, pdu), c.why);
        size_t length = 1;
        Parsed peeked = frag_length(raw, length);
        EXPECT_EQ(peeked, c.at < 10 ? c.why : Parsed::ok);
    }
}

TEST(Header, AcceptsEveryTypeAndBothMinorVersions) {
    for (uint8_t type : {0, 2, 3, 11, 12, 13, 14, 15, 16, 17, 18, 19})
        for (uint8_t minor : {0, 1}) {
            std::vector<uint8_t> raw = unhex(co_cancel_hex);
            raw[1] = minor;
            raw[2] = type;
            Header h;
            ASSERT_EQ(parse_header(raw, h), Parsed::ok) << int{type};
            EXPECT_EQ(h.version_minor, minor);
            EXPECT_STRNE(name(h.type), "?");
        }
}

TEST(Header, VerifierMustFit) {
    // 16 + 8 + 4 = 28 is the least for a token of 4.
    for (uint8_t length : {27, 28}) {
        std::vector<uint8_t> raw = unhex(co_cancel_hex);
        raw.resize(length);
        raw[8] = length;
        raw[10] = 4;
        Header h;
        EXPECT_EQ(parse_header(raw, h), length == 28 ? Parsed::ok : Parsed::bad_length);
    }
}

TEST(FragLength, NeedsTenBytesAndFollowsTheDrep) {
    size_t length = 0;
    std::vector<uint8_t> big = unhex(request_big_endian_hex);
    EXPECT_EQ(frag_length(ByteView(big).first(9), length), Parsed::truncated);
    EXPECT_EQ(frag_length(ByteView(big).first(10), length), Parsed::ok);
    EXPECT_EQ(length, 0x2Cu);
    std::vector<uint8_t> little = unhex(request_object_hex);
    EXPECT_EQ(frag_length(little, length), Parsed::ok);
    EXPECT_EQ(length, 0x2Cu);
    EXPECT_EQ(frag_length({}, length), Parsed::truncated);
}

TEST(Pdu, IsExactlyOne) {
    std::vector<uint8_t> raw = unhex(response_hex);
    raw.push_back(0);
    Pdu pdu;
    EXPECT_EQ(parse_pdu(raw, pdu), Parsed::bad_length);
}

TEST(Request, Parses) {
    std::vector<uint8_t> raw = unhex(request_hex);
    Request r;
    ASSERT_EQ(parse_request(parsed(raw), r), Parsed::ok);
    EXPECT_EQ(r.alloc_hint, 8u);
    EXPECT_EQ(r.p_cont_id, 1);
    EXPECT_EQ(r.opnum, 12);
    EXPECT_FALSE(r.has_object);
    EXPECT_EQ(hex(r.stub), "1122334455667788");
    EXPECT_EQ(r.stub_offset, 24u);
    EXPECT_EQ(r.stub.data(), raw.data() + 24);
}

TEST(Request, ParsesAnObjectInBothByteOrders) {
    for (const char* text : {request_object_hex, request_big_endian_hex}) {
        std::vector<uint8_t> raw = unhex(text);
        Request r;
        ASSERT_EQ(parse_request(parsed(raw), r), Parsed::ok);
        EXPECT_TRUE(r.has_object);
        EXPECT_EQ(r.object, object);
        EXPECT_EQ(r.alloc_hint, 4u);
        EXPECT_EQ(r.opnum, 12);
        EXPECT_EQ(hex(r.stub), "aabbccdd");
        EXPECT_EQ(r.stub_offset, 40u);
    }
    std::vector<uint8_t> big = unhex(request_big_endian_hex);
    EXPECT_EQ(parsed(big).header.data_representation(), 0u);
}

TEST(Request, StubDataEndsBeforePaddingAndVerifier) {
    std::vector<uint8_t> raw = unhex(request_signed_hex);
    Pdu pdu = parsed(raw);
    ASSERT_TRUE(pdu.has_auth);
    EXPECT_EQ(pdu.auth.type, 10);
    EXPECT_EQ(pdu.auth.level, 5);
    EXPECT_EQ(pdu.auth.pad_length, 13);
    EXPECT_EQ(pdu.auth.context_id, 0x12345678u);
    EXPECT_EQ(pdu.auth.offset, 40u);
    EXPECT_EQ(hex(pdu.auth.token), "deadbeef");
    Request r;
    ASSERT_EQ(parse_request(pdu, r), Parsed::ok);
    EXPECT_EQ(hex(r.stub), "a1a2a3");
}

TEST(Request, PaddingMayNotReachIntoTheHeaders) {
    std::vector<uint8_t> raw = unhex(request_signed_hex);
    Pdu pdu;
    Request r;
    raw[42] = 16;  // all of the body behind the call header: empty stub data
    ASSERT_EQ(parse_pdu(raw, pdu), Parsed::ok);
    ASSERT_EQ(parse_request(pdu, r), Parsed::ok);
    EXPECT_TRUE(r.stub.empty());
    raw[42] = 17;
    ASSERT_EQ(parse_pdu(raw, pdu), Parsed::ok);
    EXPECT_EQ(parse_request(pdu, r), Parsed::bad_body);
    raw[42] = 25;
    EXPECT_EQ(parse_pdu(raw, pdu), Parsed::bad_length);
}

TEST(Response, Parses) {
    std::vector<uint8_t> raw = unhex(response_hex);
    Response r;
    ASSERT_EQ(parse_response(parsed(raw), r), Parsed::ok);
    EXPECT_EQ(r.alloc_hint, 4u);
    EXPECT_EQ(r.p_cont_id, 1);
    EXPECT_EQ(r.cancel_count, 2);
    EXPECT_EQ(hex(r.stub), "deadbeef");
    EXPECT_EQ(r.stub_offset, 24u);
}

TEST(Fault, Parses) {
    std::vector<uint8_t> raw = unhex(fault_hex);
    Fault f;
    ASSERT_EQ(parse_fault(parsed(raw), f), Parsed::ok);
    EXPECT_EQ(f.status, 0x1C010002u);
    EXPECT_TRUE(f.did_not_execute);
    EXPECT_EQ(f.cancel_count, 1);
    EXPECT_EQ(f.p_cont_id, 1);
    EXPECT_TRUE(f.eeinfo.empty());
}

TEST(Fault, CarriesExtendedErrors) {
    std::vector<uint8_t> raw = unhex(fault_eeinfo_hex);
    Fault f;
    ASSERT_EQ(parse_fault(parsed(raw), f), Parsed::ok);
    EXPECT_EQ(f.status, 1722u);
    EXPECT_FALSE(f.did_not_execute);
    EXPECT_EQ(hex(f.eeinfo), "e1e2e3e4");
    raw[23] = 0;  // without the flag it is stub data: ignored
    ASSERT_EQ(parse_fault(parsed(raw), f), Parsed::ok);
    EXPECT_TRUE(f.eeinfo.empty());
    raw[23] = 1;
    for (uint8_t hint : {0x25, 0x20, 0x00}) {  // a blob longer than the PDU, or none: left out
        raw[16] = hint;
        ASSERT_EQ(parse_fault(parsed(raw), f), Parsed::ok);
        EXPECT_TRUE(f.eeinfo.empty());
        EXPECT_EQ(f.status, 1722u);
    }
    raw[16] = 0x24;
    raw[18] = 0xFF;
    ASSERT_EQ(parse_fault(parsed(raw), f), Parsed::ok);
    EXPECT_TRUE(f.eeinfo.empty());
}

TEST(Fault, MayEndBehindItsStatus) {
    std::vector<uint8_t> raw = unhex(fault_hex);
    raw.resize(28);
    raw[8] = 28;
    Fault f;
    ASSERT_EQ(parse_fault(parsed(raw), f), Parsed::ok);
    EXPECT_EQ(f.status, 0x1C010002u);
}

TEST(Parsers, WantTheirOwnType) {
    std::vector<uint8_t> raw = unhex(co_cancel_hex);
    Pdu pdu = parsed(raw);
    Request request;
    Response response;
    Fault fault;
    Bind bind;
    BindAck ack;
    BindNak nak;
    EXPECT_EQ(parse_request(pdu, request), Parsed::bad_type);
    EXPECT_EQ(parse_response(pdu, response), Parsed::bad_type);
    EXPECT_EQ(parse_fault(pdu, fault), Parsed::bad_type);
    EXPECT_EQ(parse_bind(pdu, bind), Parsed::bad_type);
    EXPECT_EQ(parse_bind_ack(pdu, ack), Parsed::bad_type);
    EXPECT_EQ(parse_bind_nak(pdu, nak), Parsed::bad_type);
}

// A whole PDU of each kind; shortened to any length it must be refused as truncated, and with its length field shortened
// too it must parse or be refused, never read beyond its end (the sanitizers watch: each copy is on the heap).
TEST(Parsers, SurviveEveryTruncation) {
    for (const char* text : {request_hex, request_object_hex, request_big_endian_hex, request_signed_hex, response_hex,
                             fault_hex, fault_eeinfo_hex, co_cancel_hex, auth3_hex}) {
        std::vector<uint8_t> whole = unhex(text);
        for (size_t n = 0; n < whole.size(); ++n) {
            std::vector<uint8_t> raw(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(n));
            raw.shrink_to_fit();
            Pdu pdu;
            EXPECT_EQ(parse_pdu(raw, pdu), Parsed::truncated) << text << " at " << n;
            if (n < header_size) continue;
            bool big = raw[4] == 0;
            raw[big ? 9 : 8] = static_cast<uint8_t>(n);
            if (parse_pdu(raw, pdu) != Parsed::ok) continue;
            Request request;
            Response response;
            Fault fault;
            size_t need = raw[2] == 3 ? 28 : (raw[3] & pfc::object_uuid) != 0 ? 40 : 24;
            Parsed want = n < need ? Parsed::bad_body : Parsed::ok;
            if (pdu.header.type == PduType::request && !pdu.has_auth) EXPECT_EQ(parse_request(pdu, request), want) << n;
            if (pdu.header.type == PduType::response) EXPECT_EQ(parse_response(pdu, response), want) << n;
            if (pdu.header.type == PduType::fault) EXPECT_EQ(parse_fault(pdu, fault), want) << n;
        }
    }
}

TEST(Build, BarePdus) {
    Buffer out;
    ASSERT_EQ(build_bare(out, PduType::co_cancel, 0x11223344), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(co_cancel_hex));
    ASSERT_EQ(build_bare(out, PduType::orphaned, 0x11223344), Status::ok);  // appended
    EXPECT_EQ(hex(out.view()), hex(co_cancel_hex) + hex(orphaned_hex));
    out.clear();
    ASSERT_EQ(build_bare(out, PduType::shutdown, 0), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(shutdown_hex));
}

TEST(Build, Fault) {
    Buffer out;
    ASSERT_EQ(build_fault(out, {7, 1, 1, pfc::did_not_execute, 0x1C010002, {}}), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(fault_hex));
    out.clear();
    const uint8_t blob[] = {0xE1, 0xE2, 0xE3, 0xE4};
    ASSERT_EQ(build_fault(out, {7, 1, 0, 0, 1722, blob}), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(fault_eeinfo_hex));
}

TEST(Build, Auth3) {
    Buffer out;
    ASSERT_EQ(build_auth3(out, 2), Status::ok);
    const uint8_t token[] = {'a', 'b', 'c', 'd'};
    ASSERT_EQ(append_auth(out, 0, {10, 6, 1}, token), Status::ok);
    EXPECT_EQ(hex(out.view()), hex(auth3_hex));
    std::vector<uint8_t> raw = unhex(auth3_hex);
    Pdu pdu = parsed(raw);
    EXPECT_EQ(hex(pdu.auth.token), "61626364");
    EXPECT_EQ(pdu.auth.level, 6);
}

TEST(Build, TooLongIsRefusedAndUndone) {
    Buffer out;
    ASSERT_EQ(build_bare(out, PduType::co_cancel, 1), Status::ok);
    Buffer blob;
    ASSERT_TRUE(blob.resize(65535 - 32));
    std::memset(blob.data(), 1, blob.size());
    ASSERT_EQ(build_fault(out, {1, 0, 0, 0, 5, blob.view()}), Status::ok);
    EXPECT_EQ(out.size(), 16u + 65535u);
    Pdu pdu;
    EXPECT_EQ(parse_pdu(out.view().subspan(16), pdu), Parsed::ok);
    const uint8_t token[1] = {1};
    EXPECT_EQ(append_auth(out, 16, {}, token), Status::invalid_arg);
    EXPECT_EQ(out.size(), 16u + 65535u);
    ASSERT_TRUE(blob.resize(65535 - 31));
    EXPECT_EQ(build_fault(out, {1, 0, 0, 0, 5, blob.view()}), Status::invalid_arg);
    EXPECT_EQ(out.size(), 16u + 65535u);
}

TEST(AppendAuth, WantsTheLastPduOfTheBuffer) {
    Buffer out;
    ASSERT_EQ(build_bare(out, PduType::co_cancel, 1), Status::ok);
    ASSERT_EQ(build_bare(out, PduType::orphaned, 1), Status::ok);
    const uint8_t token[] = {1, 2};
    EXPECT_EQ(append_auth(out, 0, {}, token), Status::invalid_arg);   // another one follows
    EXPECT_EQ(append_auth(out, 17, {}, token), Status::invalid_arg);  // no header there
    EXPECT_EQ(append_auth(out, 99, {}, token), Status::invalid_arg);
    EXPECT_EQ(append_auth(out, 16, {}, {}), Status::invalid_arg);
    EXPECT_EQ(append_auth(out, 16, {}, token), Status::ok);
    EXPECT_EQ(append_auth(out, 16, {}, token), Status::invalid_arg);  // has one
    Pdu pdu;
    ASSERT_EQ(parse_pdu(out.view().subspan(16), pdu), Parsed::ok);
    EXPECT_EQ(hex(pdu.auth.token), "0102");
    EXPECT_TRUE(pdu.body.empty());
}

}  // namespace
}  // namespace rpc::wire
