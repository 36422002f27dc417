#pragma once
// The calls of a connection: in the order in which they came, and by call_id. A few are searched one by one; more get a hash
// table. Without memory for one they are still found, only slowly, so adding cannot fail. Owns nothing; not thread-safe.
#include "base/alloc.h"
#include "base/list.h"

namespace rpc::link {

// `Id` and `Chain` are members of T: its call_id, constant while it is here, and a link for the table's own use.
template <class T, class Tag, uint32_t T::*Id, T* T::*Chain>
class CallTable {
public:
    constexpr CallTable() = default;
    CallTable(const CallTable&) = delete;
    CallTable& operator=(const CallTable&) = delete;
    ~CallTable() { mem_free(buckets_); }

    bool empty() const { return count_ == 0; }
    size_t count() const { return count_; }
    T* front() { return list_.front(); }

    void add(T* call) {
        list_.push_back(call);
        ++count_;
        if (count_ > few && count_ > bucket_count_) grow();
        else if (buckets_) put(call);
    }
    void remove(T* call) {
        list_.remove(call);
        --count_;
        if (!buckets_) return;
        T** at = &bucket(call->*Id);
        while (*at != call) at = &((*at)->*Chain);
        *at = call->*Chain;
        if (count_ == 0 && bucket_count_ > kept_buckets) drop();
    }
    // Of several of one id (a call, and one nested in it) the latest.
    T* find(uint32_t id) {
        if (!buckets_) {
            T* found = nullptr;
            for (T* call = list_.front(); call; call = list_.next(call))
                if (call->*Id == id) found = call;
            return found;
        }
        T* call = bucket(id);
        while (call && call->*Id != id) call = call->*Chain;
        return call;
    }

private:
    static constexpr size_t few = 8;
    static constexpr size_t kept_buckets = 64;

    T*& bucket(uint32_t id) { return buckets_[id * 0x9E3779B1u >> shift_]; }
    void put(T* call) {
        T*& first = bucket(call->*Id);
        call->*Chain = first;
        first = call;
    }
    void drop() {
        mem_free(buckets_);
        buckets_ = nullptr;
        bucket_count_ = 0;
    }
    // A table of twice as many places as there are calls; the old one stays when there is no memory.
    void grow() {
        unsigned bits = 4;
        while ((size_t{1} << bits) < count_ * 2 && bits < 30) ++bits;
        auto made = static_cast<T**>(mem_alloc_zeroed((size_t{1} << bits) * sizeof(T*)));
        if (!made) {
            if (buckets_) put(list_.back());
            return;
        }
        mem_free(buckets_);
        buckets_ = made;
        bucket_count_ = size_t{1} << bits;
        shift_ = 32 - bits;
        for (T* call = list_.front(); call; call = list_.next(call)) put(call);
    }

    List<T, Tag> list_;
    size_t count_ = 0;
    T** buckets_ = nullptr;
    size_t bucket_count_ = 0;
    unsigned shift_ = 0;
};

}  // namespace rpc::link
