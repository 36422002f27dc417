// Shared memory and a pair of events: SignalObjectAndWait on both sides. The floor of any local call that sleeps.
#include "raw.h"
#include "support/threads.h"
#include <string.h>

namespace bench {

static constexpr int kSlots = kClients + 4;

struct Slot {
    volatile long taken;
    Header request, reply;
    Byte in[kBulk], out[kBulk];
};
struct Ends {
    Slot* slot;
    HANDLE asked, answered;
};

static std::string part(const std::string& name, const char* what, int i) {
    return name + "-" + what + std::to_string(i);
}
static Ends open_slot(const std::string& name, int i) {
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0, sizeof(Slot),
                                        part(name, "slot", i).c_str());
    void* view = section ? MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, sizeof(Slot)) : nullptr;
    return {static_cast<Slot*>(view), CreateEventA(nullptr, FALSE, FALSE, part(name, "asked", i).c_str()),
            CreateEventA(nullptr, FALSE, FALSE, part(name, "answered", i).c_str())};
}

class SharedChannel : public Channel {
public:
    explicit SharedChannel(const Ends& ends) : ends_(ends) {}
    ~SharedChannel() override { ends_.slot->taken = 0; }

    unsigned call(Op op, long count, const Byte* in, Byte* out) override {
        Slot& slot = *ends_.slot;
        slot.request = {static_cast<long>(op), count, request_size(op, count)};
        memcpy(slot.in, in, slot.request.size);
        if (!exchange()) return GetLastError();
        memcpy(out, slot.out, answer_size(op, count));
        return slot.reply.op == slot.request.op && slot.reply.size == answer_size(op, count) ? 0 : ERROR_INVALID_DATA;
    }
    unsigned control(long what, long* value) override {
        ends_.slot->request = {static_cast<long>(Op::control), what, 0};
        if (!exchange()) return GetLastError();
        *value = ends_.slot->reply.size;
        return 0;
    }

private:
    bool exchange() { return SignalObjectAndWait(ends_.asked, ends_.answered, INFINITE, FALSE) == WAIT_OBJECT_0; }
    Ends ends_;
};

std::unique_ptr<Channel> connect_shared(const std::string& name) {
    for (int i = 0; i < kSlots; ++i) {
        const Ends ends = open_slot(name, i);
        if (!ends.slot || !ends.asked || !ends.answered) return nullptr;
        if (!InterlockedExchange(&ends.slot->taken, 1)) return std::make_unique<SharedChannel>(ends);
        UnmapViewOfFile(ends.slot);
    }
    SetLastError(ERROR_TOO_MANY_SESS);
    return nullptr;
}

bool serve_shared(std::string& name) {
    name = "bench-raw-" + std::to_string(GetCurrentProcessId());
    for (int i = 0; i < kSlots; ++i) {
        const Ends ends = open_slot(name, i);
        if (!ends.slot || !ends.asked || !ends.answered) return false;
        run_detached([ends] {
            WaitForSingleObject(ends.asked, INFINITE);
            do {
                answer(ends.slot->request, ends.slot->in, &ends.slot->reply, ends.slot->out);
            } while (SignalObjectAndWait(ends.answered, ends.asked, INFINITE, FALSE) == WAIT_OBJECT_0);
        });
    }
    return true;
}

}  // namespace bench
