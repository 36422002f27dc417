// Garbage where a binding handle is expected: the documented status (1702, or what the page of the function names), and
// never an exception.
#include "conformance/bind.h"
#include "garbage.h"

using namespace srv;

// `call` with every piece of garbage and with a binding that was freed: an error status each time. A function that
// declines (1764) is reported as such.
template <class Call>
static Result probe(Call call, bool with_null = true) {
    if (with_null) {
        const Outcome outcome = guarded([&] { return call(static_cast<handle_t>(nullptr)); });
        EXPECT(outcome.is_error(), "with NULL: %s", outcome.text().c_str());
    }
    Outcome outcome;
    for (const Garbage& g : garbage()) {
        outcome = guarded([&] { return call(static_cast<handle_t>(g.pointer)); });
        EXPECT(outcome.is_error(), "with %s: %s", g.name, outcome.text().c_str());
        if (outcome == RPC_S_CANNOT_SUPPORT) return skipped("declines");
        EXPECT(outcome == RPC_S_INVALID_BINDING || outcome == RPC_S_WRONG_KIND_OF_BINDING ||
                   outcome == RPC_S_INVALID_ARG || outcome == RPC_S_NO_CALL_ACTIVE,
               "with %s: %s", g.name, outcome.text().c_str());
    }
    handle_t stale = bind_to(L"ncalrpc", L"nobody");
    EXPECT(stale, "no binding: %s", why().c_str());
    handle_t kept = stale;
    unbind(stale);
    outcome = guarded([&] { return call(kept); });
    EXPECT(outcome.is_error(), "with a freed binding: %s", outcome.text().c_str());
    return passed("%u pieces of garbage, and a freed binding: %s", static_cast<unsigned>(garbage().size()),
                  outcome.text().c_str());
}

CASE(1, "API:RpcBindingFree", "RpcBindingFree") { return probe([](handle_t h) { return RpcBindingFree(&h); }); }
CASE(2, "API:RpcBindingCopy", "RpcBindingCopy") {
    return probe([](handle_t h) {
        handle_t copy = nullptr;
        return RpcBindingCopy(h, &copy);
    });
}
CASE(3, "API:RpcBindingToStringBinding", "RpcBindingToStringBindingW") {
    return probe([](handle_t h) {
        RPC_WSTR text = nullptr;
        return RpcBindingToStringBindingW(h, &text);
    });
}
CASE(4, "API:RpcBindingReset", "RpcBindingReset") { return probe([](handle_t h) { return RpcBindingReset(h); }); }
CASE(5, "API:RpcBindingInqObject", "RpcBindingInqObject") {
    return probe([](handle_t h) {
        UUID uuid;
        return RpcBindingInqObject(h, &uuid);
    });
}
CASE(6, "API:RpcBindingSetObject", "RpcBindingSetObject") {
    return probe([](handle_t h) {
        UUID uuid{};
        return RpcBindingSetObject(h, &uuid);
    });
}
CASE(7, "API:RpcEpResolveBinding", "RpcEpResolveBinding") {
    return probe([](handle_t h) { return RpcEpResolveBinding(h, &client_interface(kAsync)); });
}
CASE(8, "API:RpcMgmtSetComTimeout", "RpcMgmtSetComTimeout") {
    return probe([](handle_t h) { return RpcMgmtSetComTimeout(h, 5); });
}
CASE(9, "API:RpcServerTestCancel", "RpcServerTestCancel") {
    return probe([](handle_t h) { return RpcServerTestCancel(h); });
}
CASE(10, "API:RpcBindingSetOption", "RpcBindingSetOption") {
    return probe([](handle_t h) { return RpcBindingSetOption(h, RPC_C_OPT_CALL_TIMEOUT, 100); });
}
CASE(11, "API:RpcBindingSetAuthInfo", "RpcBindingSetAuthInfoW") {
    return probe([](handle_t h) { return RpcBindingSetAuthInfoW(h, nullptr, RPC_C_AUTHN_LEVEL_NONE, RPC_C_AUTHN_NONE, nullptr, 0); });
}
CASE(12, "API:RpcServerInqCallAttributes", "RpcServerInqCallAttributesW") {
    return probe([](handle_t h) {
        RPC_CALL_ATTRIBUTES_V2_W attributes{};
        attributes.Version = 2;
        return RpcServerInqCallAttributesW(h, &attributes);
    });
}
CASE(13, "API:RpcServerSubscribeForNotification", "RpcServerSubscribeForNotification") {
    return probe([](handle_t h) {
        RPC_ASYNC_NOTIFICATION_INFO info{};
        return RpcServerSubscribeForNotification(h, RpcNotificationCallCancel, RpcNotificationTypeEvent, &info);
    });
}
CASE(14, "API:RpcImpersonateClient", "RpcImpersonateClient") {
    return probe([](handle_t h) { return RpcImpersonateClient(h); });
}
CASE(15, "API:RpcBindingVectorFree", "RpcBindingVectorFree of a vector of garbage handles") {
    for (const Garbage& g : garbage()) {
        RPC_BINDING_VECTOR* vector = nullptr;
        const Outcome outcome = guarded([&] { return RpcBindingVectorFree(&vector); });
        EXPECT(!outcome.raised, "NULL vector: %s", outcome.text().c_str());
        (void)g;
    }
    return passed("a NULL vector");
}

// A call on a garbage binding raises 1702, from both kinds of stub.
CASE(16, "RPC:binding-handles", "a synchronous stub raises 1702") {
    for (const Garbage& g : garbage()) {
        long c = 0;
        const Outcome outcome = sync_add(g.pointer, 1, 2, &c);
        EXPECT(outcome.raised == RPC_S_INVALID_BINDING, "with %s: %s", g.name, outcome.text().c_str());
    }
    return passed("1702");
}
CASE(17, "RPC:binding-handles", "an asynchronous stub raises 1702, the state is free afterwards") {
    Call call;
    for (const Garbage& g : garbage()) {
        const Outcome outcome = call.add(g.pointer, 1, 2);
        EXPECT(outcome.raised == RPC_S_INVALID_BINDING, "with %s: %s", g.name, outcome.text().c_str());
    }
    BIND(b, Protocol::lrpc);
    EXPECT_IS(call.add(b, 6, 7), 0);
    EXPECT(call.wait(), "no event");
    EXPECT_IS(call.complete(), 0);
    unbind(b);
    return passed("1702");
}
CASE(18, "RPC:binding-handles", "a call on a binding that was freed raises 1702") {
    BIND(b, Protocol::lrpc);
    handle_t kept = b;
    unbind(b);
    long c = 0;
    const Outcome outcome = sync_add(kept, 1, 2, &c);
    EXPECT(outcome.raised == RPC_S_INVALID_BINDING, "%s", outcome.text().c_str());
    return passed("1702");
}
CASE(81, "API:RpcCancelThread", "RpcCancelThread of what is no thread's handle is an error") {
    HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    HANDLE process = OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId());
    std::vector<Garbage> handles = garbage();
    handles.push_back({"an event", event});
    handles.push_back({"a process", process});
    for (const Garbage& g : handles) {
        Outcome outcome = GUARDED(RpcCancelThread(g.pointer));
        if (outcome == RPC_S_CANNOT_SUPPORT) return skipped("declines");
        EXPECT(outcome.is_error(), "with %s: %s", g.name, outcome.text().c_str());
        outcome = GUARDED(RpcCancelThreadEx(g.pointer, 0));
        EXPECT(outcome.is_error(), "Ex with %s: %s", g.name, outcome.text().c_str());
    }
    EXPECT(GUARDED(RpcCancelThreadEx(GetCurrentThread(), -7)).is_error(), "a timeout of -7");
    EXPECT(GUARDED(RpcMgmtSetCancelTimeout(-7)).is_error(), "a timeout of -7");
    CloseHandle(event);
    CloseHandle(process);
    return passed("5");
}
