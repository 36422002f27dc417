#include "io/protocols.h"

#include "base/error_record.h"
#include "io/capture.h"
#include "io/protocol_rows.h"

namespace rpc::io {

const Protocol* find_protocol(std::string_view name) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    for (const Protocol& row : protocol_rows()) {
        std::string_view known = row.name;
        size_t i = 0;
        while (i < known.size() && i < name.size() && lower(name[i]) == known[i]) ++i;
        if (i == known.size() && i == name.size()) return &row;
    }
    return nullptr;
}

Status connect(const Protocol& protocol, const Address& address, uint32_t timeout_ms, Ref<Stream>& stream) {
    TentativeErrors noted;
    if (Status status = protocol.connect(address, timeout_ms, stream); failed(status)) {
        noted.keep();
        return status;
    }
    stream = captured(std::move(stream), Side::client, protocol, address.network_address.view(), address.endpoint.view());
    return Status::ok;
}

const Protocol* protocol_at(size_t index) {
    std::span<const Protocol> rows = protocol_rows();
    return index < rows.size() ? &rows[index] : nullptr;
}

}  // namespace rpc::io
