#pragma once
// A doubly linked list whose links live in the elements; it owns nothing. Not thread-safe.
#include <cstddef>

namespace rpc {

// Base of elements. The tag allows one object in several lists.
template <class Tag = void>
struct ListLink {
    ListLink* next = nullptr;
    ListLink* prev = nullptr;
    bool linked() const { return next != nullptr; }
};

template <class T, class Tag = void>
class List {
    using Link = ListLink<Tag>;

public:
    constexpr List() { head_.next = head_.prev = &head_; }
    List(const List&) = delete;
    List& operator=(const List&) = delete;

    bool empty() const { return head_.next == &head_; }
    T* front() { return empty() ? nullptr : item(head_.next); }
    T* back() { return empty() ? nullptr : item(head_.prev); }
    // The element after `item`, or null.
    T* next(T* it) {
        Link* n = static_cast<Link*>(it)->next;
        return n == &head_ ? nullptr : item(n);
    }
    // The element before `item`, or null.
    T* previous(T* it) {
        Link* p = static_cast<Link*>(it)->prev;
        return p == &head_ ? nullptr : item(p);
    }
    void push_back(T* it) { insert(head_.prev, it); }
    // Null: at the front.
    void insert_after(T* place, T* it) { insert(place ? static_cast<Link*>(place) : &head_, it); }
    void push_front(T* it) { insert(&head_, it); }
    T* pop_front() {
        T* it = front();
        if (it) remove(it);
        return it;
    }
    static void remove(T* it) {
        Link* l = it;
        l->prev->next = l->next;
        l->next->prev = l->prev;
        l->next = l->prev = nullptr;
    }
    size_t count() const {
        size_t n = 0;
        for (const Link* l = head_.next; l != &head_; l = l->next) ++n;
        return n;
    }

private:
    static T* item(Link* l) { return static_cast<T*>(l); }
    static void insert(Link* after, T* it) {
        Link* l = it;
        l->prev = after;
        l->next = after->next;
        after->next->prev = l;
        after->next = l;
    }
    Link head_;
};

}  // namespace rpc
