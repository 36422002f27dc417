#include "ndr/full_pointer.h"

#include "base/vector.h"

namespace rpc::ndr {

namespace {

struct Entry {
    uint8_t* pointer;
    uint32_t id;
    uint8_t done;  // one bit per operation
    uint8_t asked = 0;  // a stub's own bits
    Format type = nullptr;  // of the pointee, and its bytes: once it was unmarshalled
    uint64_t bytes = 0;
};

// Indices of entries by a 64-bit key; open addressing, at most half full.
class Index {
public:
    ~Index() { mem_free(slots_); }
    template <class Match>
    size_t find(uint64_t key, Match match) const {
        if (!slots_) return SIZE_MAX;
        for (size_t i = hash(key) & mask_;; i = (i + 1) & mask_) {
            if (slots_[i] == 0) return SIZE_MAX;
            if (match(slots_[i] - 1)) return slots_[i] - 1;
        }
    }
    template <class Key>
    [[nodiscard]] bool insert(uint64_t key, size_t entry, Key key_of) {
        if ((used_ + 1) * 2 > capacity() && !grow(key_of)) return false;
        place(key, entry);
        return true;
    }

private:
    size_t capacity() const { return slots_ ? mask_ + 1 : 0; }
    static size_t hash(uint64_t key) { return static_cast<size_t>((key * 0x9e3779b97f4a7c15u) >> 32); }
    void place(uint64_t key, size_t entry) {
        size_t i = hash(key) & mask_;
        while (slots_[i] != 0) i = (i + 1) & mask_;
        slots_[i] = static_cast<uint32_t>(entry + 1);
        ++used_;
    }
    template <class Key>
    bool grow(Key key_of) {
        size_t old = capacity(), want = old ? old * 2 : 64;
        auto* fresh = static_cast<uint32_t*>(mem_alloc_zeroed(want * sizeof(uint32_t)));
        if (!fresh) return false;
        uint32_t* before = slots_;
        slots_ = fresh;
        mask_ = want - 1;
        used_ = 0;
        for (size_t i = 0; i < old; ++i)
            if (before[i]) place(key_of(before[i] - 1), before[i] - 1);
        mem_free(before);
        return true;
    }
    uint32_t* slots_ = nullptr;
    size_t mask_ = 0;
    size_t used_ = 0;
};

struct Tables : FULL_PTR_XLAT_TABLES {
    Vector<Entry> entries;
    Index by_pointer;
    Index by_id;

    Entry* of(uint8_t* pointer) {
        size_t i = by_pointer.find(key(pointer), [&](size_t e) { return entries[e].pointer == pointer; });
        return i == SIZE_MAX ? nullptr : &entries[i];
    }
    Entry* of(uint32_t id) {
        size_t i = by_id.find(id, [&](size_t e) { return entries[e].id == id; });
        return i == SIZE_MAX ? nullptr : &entries[i];
    }
    static uint64_t key(uint8_t* p) { return reinterpret_cast<uintptr_t>(p); }
    Entry* add(uint8_t* pointer, uint32_t id) {
        if (!entries.push_back({pointer, id, 0})) return nullptr;
        size_t at = entries.size() - 1;
        if (!by_id.insert(id, at, [&](size_t e) { return uint64_t{entries[e].id}; }) || (pointer && !name(at))) return nullptr;
        return &entries[at];
    }
    [[nodiscard]] bool name(size_t at) {
        return by_pointer.insert(key(entries[at].pointer), at, [&](size_t e) { return key(entries[e].pointer); });
    }
};

Tables* tables_of(MIDL_STUB_MESSAGE& m) { return static_cast<Tables*>(m.FullPtrXlatTables); }
uint8_t bit(Op op) { return static_cast<uint8_t>(1u << static_cast<unsigned>(op)); }

Entry* named(Tables& t, uint8_t* pointer) {
    if (Entry* e = t.of(pointer)) return e;
    while (t.of(static_cast<uint32_t>(t.NextRefId))) ++t.NextRefId;
    return t.add(pointer, static_cast<uint32_t>(t.NextRefId++));
}

// A renamed entry stays findable by its id only; its old name must not lead here.
Status rename(Tables& t, Entry& e, uint8_t* pointer) {
    if (!pointer || e.pointer == pointer || t.of(pointer)) return Status::ok;
    bool had_name = e.pointer != nullptr;
    e.pointer = pointer;
    return had_name || t.name(static_cast<size_t>(&e - t.entries.data())) ? Status::ok : Status::out_of_memory;
}

bool ask(Entry& e, uint8_t query) {
    bool known = (e.asked & query) == query;
    e.asked = static_cast<uint8_t>(e.asked | query);
    return known;
}

}  // namespace

Status full_pointer_query(FULL_PTR_XLAT_TABLES& tables, void* pointer, uint8_t query, uint32_t& id, bool& known) {
    id = 0;
    known = true;
    if (!pointer) return Status::ok;
    Entry* e = named(static_cast<Tables&>(tables), static_cast<uint8_t*>(pointer));
    if (!e) return Status::out_of_memory;
    id = e->id;
    known = ask(*e, query);
    return Status::ok;
}

Status full_pointer_query_id(FULL_PTR_XLAT_TABLES& tables, uint32_t id, uint8_t query, void*& pointer, bool& known) {
    auto& t = static_cast<Tables&>(tables);
    pointer = nullptr;
    known = true;
    if (id == 0) return Status::ok;
    Entry* e = t.of(id);
    if (!e) e = t.add(nullptr, id);
    if (!e) return Status::out_of_memory;
    pointer = e->pointer;
    known = ask(*e, query);
    return Status::ok;
}

Status full_pointer_insert(FULL_PTR_XLAT_TABLES& tables, uint32_t id, void* pointer) {
    auto& t = static_cast<Tables&>(tables);
    auto* p = static_cast<uint8_t*>(pointer);
    if (id == 0) return Status::ok;
    Entry* e = t.of(id);
    if (!e) return t.add(p, id) ? Status::ok : Status::out_of_memory;
    return rename(t, *e, p);
}

Status full_pointer_free_once(FULL_PTR_XLAT_TABLES& tables, void* pointer, bool& first) {
    first = false;
    if (!pointer) return Status::ok;
    Entry* e = named(static_cast<Tables&>(tables), static_cast<uint8_t*>(pointer));
    if (!e) return Status::out_of_memory;
    first = !(e->done & bit(Op::free));
    e->done = static_cast<uint8_t>(e->done | bit(Op::free));
    return Status::ok;
}

PFULL_PTR_XLAT_TABLES full_pointer_tables(XLAT_SIDE side) {
    auto* t = make<Tables>();
    if (!t) return nullptr;
    t->NextRefId = 1;
    t->XlatSide = side;
    return t;
}

void full_pointer_tables_free(PFULL_PTR_XLAT_TABLES tables) { destroy(static_cast<Tables*>(tables)); }

Status full_pointers_init(MIDL_STUB_MESSAGE& message, XLAT_SIDE side) {
    message.FullPtrXlatTables = full_pointer_tables(side);
    return message.FullPtrXlatTables ? Status::ok : Status::out_of_memory;
}

void full_pointers_free(MIDL_STUB_MESSAGE& message) {
    full_pointer_tables_free(message.FullPtrXlatTables);
    message.FullPtrXlatTables = nullptr;
}

Status full_pointer_seen(MIDL_STUB_MESSAGE& m, Op op, uint8_t* pointer, uint32_t& id, bool& first) {
    Tables* t = tables_of(m);
    first = true;
    if (!t) {
        if (op == Op::marshal) id = 0x20000u + 4u * m.UniquePtrCount++;
        return Status::ok;
    }
    Entry* e = named(*t, pointer);
    if (!e) return Status::out_of_memory;
    id = e->id;
    first = !(e->done & bit(op));
    e->done = static_cast<uint8_t>(e->done | bit(op));
    return Status::ok;
}

Status full_pointer_read(MIDL_STUB_MESSAGE& m, Op op, uint32_t id, bool& first) {
    Tables* t = tables_of(m);
    first = true;
    if (!t) return Status::ok;
    Entry* e = t->of(id);
    if (!e) e = t->add(nullptr, id);
    if (!e) return Status::out_of_memory;
    first = !(e->done & bit(op));
    e->done = static_cast<uint8_t>(e->done | bit(op));
    return Status::ok;
}

FullPointee full_pointer_lookup(MIDL_STUB_MESSAGE& m, uint32_t id) {
    Tables* t = tables_of(m);
    Entry* e = t ? t->of(id) : nullptr;
    return e ? FullPointee{e->pointer, e->type, e->bytes} : FullPointee();
}

Status full_pointer_adopt(MIDL_STUB_MESSAGE& m, uint32_t id, const FullPointee& pointee) {
    Tables* t = tables_of(m);
    Entry* e = t ? t->of(id) : nullptr;
    if (!e) return Status::ok;
    e->type = pointee.type;
    e->bytes = pointee.bytes;
    return rename(*t, *e, pointee.memory);
}

}  // namespace rpc::ndr
