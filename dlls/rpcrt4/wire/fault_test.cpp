#include "wire/fault.h"

#include <gtest/gtest.h>

#include <set>

namespace rpc::wire {
namespace {

struct Row {
    uint32_t fault;
    uint32_t status;
};

// [MS-RPCE] 3.1.1.5.5 row by row in the page's order, with the numbers of C706 N.2 and winerror.h; not our table.
const Row table[] = {
    {0x1C010001, 1820},  // nca_s_comm_failure
    {0x1C010002, 1745},  // nca_op_rng_error
    {0x1C010003, 1717},  // nca_unk_if
    {0x1C010006, 0x1C010006},  // nca_wrong_boot_time: not mapped
    {0x1C010009, 1726},  // nca_s_you_crashed
    {0x1C01000B, 1728},  // nca_proto_error
    {0x1C010013, 1130},  // nca_out_args_too_big
    {0x1C010014, 1723},  // nca_server_too_busy
    {0x1C010017, 1732},  // nca_unsupported_type
    {0x1C000001, 1767},  // nca_s_fault_int_div_by_zero
    {0x1C000002, 1768},  // nca_s_fault_addr_error
    {0x1C000003, 1769},  // nca_s_fault_fp_div_zero
    {0x1C000004, 1770},  // nca_s_fault_fp_underflow
    {0x1C000005, 1771},  // nca_s_fault_fp_overflow
    {0x1C000006, 1733},  // nca_s_fault_invalid_tag
    {0x1C000007, 1734},  // nca_s_fault_invalid_bound
    {0x1C000008, 1728},  // nca_rpc_version_mismatch
    {0x1C000009, 1726},  // nca_unspec_reject
    {0x1C00000A, 1727},  // nca_s_bad_actid
    {0x1C00000B, 1726},  // nca_who_are_you_failed
    {0x1C00000C, 1727},  // nca_manager_not_entered
    {0x1C00000D, 1818},  // nca_s_fault_cancel
    {0x1C00000E, 1768},  // nca_s_fault_ill_inst
    {0x1C00000F, 1771},  // nca_s_fault_fp_error
    {0x1C000010, 1768},  // nca_s_fault_int_overflow
    {0x1C000012, 1726},  // nca_s_fault_unspec
    {0x1C000013, 0x1C000013},  // nca_s_fault_remote_comm_failure: not mapped
    {0x1C000014, 1918},  // nca_s_fault_pipe_empty
    {0x1C000015, 1916},  // nca_s_fault_pipe_closed
    {0x1C000016, 1831},  // nca_s_fault_pipe_order
    {0x1C000017, 1917},  // nca_s_fault_pipe_discipline
    {0x1C000018, 1820},  // nca_s_fault_pipe_comm_error
    {0x1C000019, 14},    // nca_s_fault_pipe_memory
    {0x1C00001A, 6},     // nca_s_fault_context_mismatch
    {0x1C00001B, 1130},  // nca_s_fault_remote_no_memory
};

class FaultRow : public testing::TestWithParam<Row> {};
TEST_P(FaultRow, BecomesTheStatusOfTheTable) {
    EXPECT_EQ(code(status_from_fault(GetParam().fault)), GetParam().status);
}
INSTANTIATE_TEST_SUITE_P(Table, FaultRow, testing::ValuesIn(table), [](const auto& info) {
    char name[16];
    snprintf(name, sizeof name, "%08X", info.param.fault);
    return std::string(name);
});

TEST(Fault, UnlistedValuesComeBackAsTheyAre) {
    for (uint32_t v : {5u, 14u, 1722u, 1783u, 0x6F7u, 0xE0001234u, 0x1C000011u, 0x1C000021u, 0x80010108u, 0xC0000005u})
        EXPECT_EQ(code(status_from_fault(v)), v);
}

TEST(Fault, ZeroIsNoSuccess) { EXPECT_EQ(status_from_fault(0), Status::protocol_error); }

// What is sent, and that the other side gets the same status back.
const Row sent[] = {
    {0x1C010001, 1820}, {0x1C010002, 1745}, {0x1C010003, 1717}, {0x1C01000B, 1728}, {0x1C010014, 1723},
    {0x1C010017, 1732}, {0x1C000001, 1767}, {0x1C000002, 1768}, {0x1C000003, 1769}, {0x1C000004, 1770},
    {0x1C000005, 1771}, {0x1C000006, 1733}, {0x1C000007, 1734}, {0x1C00000C, 1727}, {0x1C00000D, 1818},
    {0x1C000012, 1726}, {0x1C000014, 1918}, {0x1C000015, 1916}, {0x1C000016, 1831}, {0x1C000017, 1917},
    {0x1C00001A, 6},    {0x1C00001B, 1130}, {5, 5},             {14, 14},           {1722, 1722},
    {1783, 1783},       {1829, 1829},       {0xE0001234, 0xE0001234}, {0xC0000094, 0xC0000094},
};
TEST(Fault, StatusIsSentAndComesBack) {
    for (const Row& row : sent) {
        EXPECT_EQ(fault_from_status(static_cast<Status>(row.status)), row.fault) << row.status;
        EXPECT_EQ(code(status_from_fault(row.fault)), row.status);
    }
}

TEST(Fault, EveryStatusBelow4096ComesBack) {
    for (uint32_t v = 1; v < 4096; ++v) EXPECT_EQ(code(status_from_fault(fault_from_status(static_cast<Status>(v)))), v);
}

class ForbiddenFault : public testing::TestWithParam<uint32_t> {};
TEST_P(ForbiddenFault, IsNeverSent) {
    EXPECT_TRUE(forbidden_fault(GetParam()));
    uint32_t fault = fault_from_status(static_cast<Status>(GetParam()));
    EXPECT_FALSE(forbidden_fault(fault));
    std::set<uint32_t> meant = {1726, 1768};
    EXPECT_TRUE(meant.count(code(status_from_fault(fault)))) << fault;
}
// [MS-RPCE] 3.3.3.5.1.
INSTANTIATE_TEST_SUITE_P(Page, ForbiddenFault,
                         testing::Values(0u, 0x80000001u, 0x80000002u, 0x80000003u, 0xC0000005u, 0xC0000006u, 0xC000001Du,
                                         0xC0000096u, 0xC00000AAu, 0xC00000FDu, 0xC0000194u, 0xC0000235u, 0xC0000409u,
                                         0xC0000420u));

TEST(Fault, OthersAreAllowed) {
    for (uint32_t v : {1u, 5u, 0x1C010003u, 0x80000004u, 0xC0000094u, 0xC0000008u, 0xE06D7363u})
        EXPECT_FALSE(forbidden_fault(v));
}

}  // namespace
}  // namespace rpc::wire
