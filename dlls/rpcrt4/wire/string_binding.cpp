#include "wire/string_binding.h"

#include "wire/uuid.h"

namespace rpc::wire {
namespace {

using std::string_view;

// The first of `wanted` that no backslash precedes, from `from` on; the text's size when there is none.
size_t find_plain(string_view text, string_view wanted, size_t from = 0) {
    for (size_t i = from; i < text.size(); ++i) {
        if (text[i] == '\\') ++i;
        else if (wanted.find(text[i]) != string_view::npos) return i;
    }
    return text.size();
}

bool append(Buffer& out, string_view text) {
    return out.append({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

string_view text_of(const Buffer& b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

// Appends `field` without its escapes; false when memory is out. A backslash never ends the field: parse checked the whole.
bool append_plain(Buffer& out, string_view field) {
    for (size_t i = 0; i < field.size(); ++i) {
        if (field[i] == '\\' && i + 1 < field.size()) ++i;
        if (!append(out, field.substr(i, 1))) return false;
    }
    return true;
}

Status assign_plain(Str& to, string_view field) {
    Buffer b;
    if (!append_plain(b, field) || !to.assign(text_of(b))) return Status::out_of_memory;
    return Status::ok;
}

bool is_endpoint_option(string_view element) {
    constexpr string_view keyword = "endpoint=";
    if (element.size() < keyword.size()) return false;
    for (size_t i = 0; i < keyword.size(); ++i)
        if ((element[i] | (element[i] >= 'A' && element[i] <= 'Z' ? 0x20 : 0)) != keyword[i]) return false;
    return true;
}

// What stands between the brackets: the endpoint, bare as the first element or by its keyword anywhere, and options.
Status parse_brackets(string_view text, StringBinding& out) {
    Buffer options;
    bool has_endpoint = false;
    for (size_t from = 0; from <= text.size();) {
        size_t end = find_plain(text, ",", from);
        string_view element = text.substr(from, end - from);
        bool is_option = find_plain(element, "=") != element.size();
        if (is_endpoint_option(element) || (from == 0 && !is_option)) {
            if (has_endpoint) return Status::invalid_string_binding;
            has_endpoint = !element.empty();
            RPC_TRY(assign_plain(out.endpoint, is_option ? element.substr(element.find('=') + 1) : element));
        } else if (is_option) {
            if ((!options.empty() && !append(options, ",")) || !append_plain(options, element))
                return Status::out_of_memory;
        } else if (!element.empty()) {
            return Status::invalid_string_binding;
        }
        from = end + 1;
    }
    return out.options.assign(text_of(options)) ? Status::ok : Status::out_of_memory;
}

// Every escape has its character, and nothing is below a space.
bool is_well_formed(string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && ++i == text.size()) return false;
        if (static_cast<unsigned char>(text[i]) < ' ') return false;
    }
    return true;
}

bool append_escaped(Buffer& out, string_view field, string_view special) {
    for (char c : field)
        if ((special.find(c) != string_view::npos && !append(out, "\\")) || !append(out, {&c, 1})) return false;
    return true;
}

}  // namespace

Status parse_string_binding(string_view text, StringBinding& out) {
    if (!is_well_formed(text)) return Status::invalid_string_binding;
    size_t at = find_plain(text, "@:");
    if (at != text.size() && text[at] == '@') {
        RPC_TRY(assign_plain(out.object, text.substr(0, at)));
        Uuid ignored;
        if (!out.object.empty()) RPC_TRY(parse_uuid(out.object.view(), ignored));
        text.remove_prefix(at + 1);
    }
    size_t colon = find_plain(text, ":");
    if (colon == text.size()) return Status::invalid_string_binding;
    RPC_TRY(assign_plain(out.protseq, text.substr(0, colon)));
    text.remove_prefix(colon + 1);

    size_t open = find_plain(text, "[");
    RPC_TRY(assign_plain(out.address, text.substr(0, open)));
    if (open == text.size()) return Status::ok;
    size_t close = find_plain(text, "]", open);
    if (close + 1 != text.size()) return Status::invalid_string_binding;
    return parse_brackets(text.substr(open + 1, close - open - 1), out);
}

Status compose_string_binding(string_view object, string_view protseq, string_view address, string_view endpoint,
                              string_view options, Str& out) {
    Uuid ignored;
    if (!object.empty()) RPC_TRY(parse_uuid(object, ignored));
    Buffer b;
    bool done = (object.empty() || (append(b, object) && append(b, "@"))) &&
                (protseq.empty() || (append_escaped(b, protseq, "\\@:[]") && append(b, ":"))) &&
                append_escaped(b, address, "\\@:[]");
    if (done && !(endpoint.empty() && options.empty()))
        done = append(b, "[") && append_escaped(b, endpoint, "\\@:[],=") &&
               (endpoint.empty() || options.empty() || append(b, ",")) && append_escaped(b, options, "\\[]") && append(b, "]");
    return done && out.assign(text_of(b)) ? Status::ok : Status::out_of_memory;
}

}  // namespace rpc::wire
