// An intrusive doubly linked list: the element carries its own links, so linking never allocates.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

template <typename T>
struct Links {
  T* previous = nullptr;
  T* next = nullptr;
  bool operator==(const Links&) const = default;
};

// The caller provides the locking. An element is on at most one list per Links member.
template <typename T, Links<T> T::*Member>
class List {
 public:
  bool empty() const { return first_ == nullptr; }
  T* first() const { return first_; }
  T* last() const { return last_; }
  static T* next(const T* element) { return (element->*Member).next; }
  static T* previous(const T* element) { return (element->*Member).previous; }

  void push_back(T* element) { insert_after(last_, element); }

  // after == nullptr: at the front.
  void insert_after(T* after, T* element) {
    T* following = after != nullptr ? (after->*Member).next : first_;
    element->*Member = {after, following};
    (after != nullptr ? (after->*Member).next : first_) = element;
    (following != nullptr ? (following->*Member).previous : last_) = element;
  }

  void remove(T* element) {
    auto [previous, following] = element->*Member;
    (previous != nullptr ? (previous->*Member).next : first_) = following;
    (following != nullptr ? (following->*Member).previous : last_) = previous;
    element->*Member = {};
  }

  // The element that is being visited may leave the list.
  class Iterator {
   public:
    explicit Iterator(T* at) : at_(at), next_(at != nullptr ? List::next(at) : nullptr) {}
    T& operator*() const { return *at_; }
    Iterator& operator++() { return *this = Iterator(next_); }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    T* at_;
    T* next_;
  };
  Iterator begin() const { return Iterator(first_); }
  Iterator end() const { return Iterator(nullptr); }

  T* pop_front() {
    T* element = first_;
    if (element != nullptr) remove(element);
    return element;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
};

}  // namespace guestos
