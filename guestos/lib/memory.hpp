// Byte and string routines of the C library that a freestanding kernel needs, and placement new's
// construction helpers.
#pragma once

#include <new>

#include "guestos/lib/types.hpp"

extern "C" {
void* memset(void* to, int value, std::size_t size);
void* memcpy(void* to, const void* from, std::size_t size);
void* memmove(void* to, const void* from, std::size_t size);
int memcmp(const void* a, const void* b, std::size_t size);
std::size_t strlen(const char* text);
}

namespace guestos {

bool equal(const char* a, const char* b);
bool starts_with(const char* text, const char* prefix);
// Copies at most capacity-1 characters and ends with NUL; returns the length copied.
std::size_t copy_text(char* to, const char* from, std::size_t capacity);
// The decimal number that `text` begins with; moves behind it.
std::uint64_t read_decimal(const char*& text);
inline std::uint64_t parse_number(const char* text) { return read_decimal(text); }
// One 4 KiB page, page-aligned.
void clear_page(void* page);
void copy_page(void* to, const void* from);

}  // namespace guestos
