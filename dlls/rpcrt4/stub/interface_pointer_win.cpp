#include "stub/interface_pointer.h"

#include <objbase.h>

#include <atomic>
#include <cstring>

#include "base/alloc.h"
#include "base/guard.h"

namespace rpc::stub {

namespace {

// --- ole32, on first use --------------------------------------------------------------------------------------------

using MarshalFn = HRESULT(WINAPI*)(IStream*, REFIID, IUnknown*, DWORD, void*, DWORD);
using UnmarshalFn = HRESULT(WINAPI*)(IStream*, REFIID, void**);
using SizeFn = HRESULT(WINAPI*)(ULONG*, REFIID, IUnknown*, DWORD, void*, DWORD);

// The library stays: objects that it made may be anywhere. Threads that race find the same.
template <class F>
F ole32(std::atomic<void*>& known, const char* name) {
    void* function = known.load(std::memory_order_acquire);
    if (!function) {
        HMODULE library = LoadLibraryW(L"ole32.dll");
        function = library ? reinterpret_cast<void*>(GetProcAddress(library, name)) : nullptr;
        known.store(function, std::memory_order_release);
    }
    return reinterpret_cast<F>(function);
}

constinit std::atomic<void*> known_marshal{nullptr}, known_unmarshal{nullptr}, known_size{nullptr};

// --- a stream over the message's buffer -----------------------------------------------------------------------------

// Bounded by the buffer and no longer of use than the call that it is made for: whoever keeps it finds it empty.
class BufferStream final : public IStream {
public:
    BufferStream(uint8_t* start, uint32_t size) : start_(start), size_(size) {}
    uint32_t position() const { return at_; }
    void detach() { size_ = at_ = 0; }

    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID iid, void** object) override {
        static const IID unknown = {0, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
        static const IID sequential = {0x0c733a30, 0x2a1c, 0x11ce, {0xad, 0xe5, 0, 0xaa, 0, 0x44, 0x77, 0x3d}};
        static const IID stream = {0x0000000c, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
        if (!object) return E_POINTER;
        *object = nullptr;
        if (std::memcmp(&iid, &unknown, sizeof iid) && std::memcmp(&iid, &sequential, sizeof iid) &&
            std::memcmp(&iid, &stream, sizeof iid))
            return E_NOINTERFACE;
        *object = static_cast<IStream*>(this);
        AddRef();
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override { return ++references_; }
    ULONG STDMETHODCALLTYPE Release() override {
        ULONG left = --references_;
        if (left == 0) destroy(this);
        return left;
    }

    HRESULT STDMETHODCALLTYPE Read(void* to, ULONG size, ULONG* done) override {
        ULONG count = size < size_ - at_ ? size : size_ - at_;
        if (count) std::memcpy(to, start_ + at_, count);
        at_ += count;
        if (done) *done = count;
        return count == size ? S_OK : S_FALSE;
    }
    HRESULT STDMETHODCALLTYPE Write(const void* from, ULONG size, ULONG* done) override {
        ULONG count = size < size_ - at_ ? size : size_ - at_;
        if (count) std::memcpy(start_ + at_, from, count);
        at_ += count;
        if (done) *done = count;
        return count == size ? S_OK : STG_E_MEDIUMFULL;
    }
    HRESULT STDMETHODCALLTYPE Seek(LARGE_INTEGER move, DWORD origin, ULARGE_INTEGER* now) override {
        int64_t from = origin == STREAM_SEEK_SET ? 0 : origin == STREAM_SEEK_CUR ? at_ : size_;
        if (origin > STREAM_SEEK_END) return STG_E_INVALIDFUNCTION;
        if (move.QuadPart < -from || move.QuadPart > static_cast<int64_t>(size_) - from) return STG_E_INVALIDFUNCTION;
        at_ = static_cast<uint32_t>(from + move.QuadPart);
        if (now) now->QuadPart = at_;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE SetSize(ULARGE_INTEGER size) override {
        return size.QuadPart <= size_ ? S_OK : STG_E_MEDIUMFULL;
    }
    HRESULT STDMETHODCALLTYPE CopyTo(IStream* to, ULARGE_INTEGER size, ULARGE_INTEGER* read,
                                     ULARGE_INTEGER* written) override {
        ULONG count = size.QuadPart < size_ - at_ ? static_cast<ULONG>(size.QuadPart) : size_ - at_, done = 0;
        if (!to) return STG_E_INVALIDPOINTER;
        HRESULT hr = to->Write(start_ + at_, count, &done);
        at_ += count;
        if (read) read->QuadPart = count;
        if (written) written->QuadPart = done;
        return hr;
    }
    HRESULT STDMETHODCALLTYPE Commit(DWORD) override { return S_OK; }
    HRESULT STDMETHODCALLTYPE Revert() override { return STG_E_INVALIDFUNCTION; }
    HRESULT STDMETHODCALLTYPE LockRegion(ULARGE_INTEGER, ULARGE_INTEGER, DWORD) override { return STG_E_INVALIDFUNCTION; }
    HRESULT STDMETHODCALLTYPE UnlockRegion(ULARGE_INTEGER, ULARGE_INTEGER, DWORD) override { return STG_E_INVALIDFUNCTION; }
    HRESULT STDMETHODCALLTYPE Stat(STATSTG* stat, DWORD) override {
        if (!stat) return STG_E_INVALIDPOINTER;
        *stat = STATSTG();
        stat->type = STGTY_STREAM;
        stat->cbSize.QuadPart = size_;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Clone(IStream**) override { return E_NOTIMPL; }

private:
    std::atomic<ULONG> references_{1};
    uint8_t* start_;
    uint32_t size_;
    uint32_t at_ = 0;
};

// --- the operations -------------------------------------------------------------------------------------------------

Status outcome(uint32_t raised, HRESULT hr) {
    if (raised != 0) return static_cast<Status>(raised);
    return FAILED(hr) ? static_cast<Status>(hr) : Status::ok;
}

Status release(void* object) {
    return static_cast<Status>(call_guarded([&] { static_cast<IUnknown*>(object)->Release(); }));
}

Status add_size(MIDL_STUB_MESSAGE& m, const IID& iid, IUnknown* object) {
    auto ask = ole32<SizeFn>(known_size, "CoGetMarshalSizeMax");
    if (!ask) return Status::cannot_support;
    ULONG size = 0;
    HRESULT hr = S_OK;
    uint32_t raised =
        call_guarded([&] { hr = ask(&size, iid, object, m.dwDestContext, m.pvDestContext, MSHLFLAGS_NORMAL); });
    RPC_TRY(outcome(raised, hr));
    if (size > INT32_MAX || size > INT32_MAX - m.BufferLength) return Status::invalid_bound;
    m.BufferLength += size;
    return Status::ok;
}

// Runs `use` on a stream over the buffer; `done`: how far it came.
template <class F>
Status with_stream(uint8_t* start, uint32_t size, uint32_t& done, F use) {
    auto* stream = make<BufferStream>(start, size);
    if (!stream) return Status::out_of_memory;
    HRESULT hr = S_OK;
    uint32_t raised = call_guarded([&] { hr = use(stream); });
    done = stream->position();
    stream->detach();
    stream->Release();
    return outcome(raised, hr);
}

Status write(MIDL_STUB_MESSAGE& m, const IID& iid, IUnknown* object, uint32_t room) {
    auto marshal = ole32<MarshalFn>(known_marshal, "CoMarshalInterface");
    uint32_t done = 0;
    if (!marshal) return Status::cannot_support;
    RPC_TRY(with_stream(m.Buffer, room, done, [&](IStream* s) {
        return marshal(s, iid, object, m.dwDestContext, m.pvDestContext, MSHLFLAGS_NORMAL);
    }));
    m.Buffer += done;
    return Status::ok;
}

Status read(MIDL_STUB_MESSAGE& m, const IID& iid, void** object, uint32_t room) {
    auto unmarshal = ole32<UnmarshalFn>(known_unmarshal, "CoUnmarshalInterface");
    uint32_t done = 0;
    if (!unmarshal) return Status::cannot_support;
    return with_stream(m.Buffer, room, done, [&](IStream* s) { return unmarshal(s, iid, object); });
}

}  // namespace

Status interface_pointer(ndr::Op op, MIDL_STUB_MESSAGE& m, const void* id, void** object, uint32_t room) {
    if (op == ndr::Op::free) return release(*object);
    // A format string's IID is not aligned.
    IID iid;
    if (!copy_guarded(&iid, id, sizeof iid)) return Status::bad_stub_data;
    switch (op) {
    case ndr::Op::size: return add_size(m, iid, static_cast<IUnknown*>(*object));
    case ndr::Op::marshal: return write(m, iid, static_cast<IUnknown*>(*object), room);
    default: return read(m, iid, object, room);
    }
}

}  // namespace rpc::stub
