#include "emu/observe/symbol_name.hpp"

#include <catch2/catch.hpp>

using hartbeat::observe::symbol_name;

TEST_CASE("Symbols of C++ are told as they are written, without parameters") {
  CHECK(symbol_name("main") == "main");
  CHECK(symbol_name("_Znot-mangled") == "_Znot-mangled");
  CHECK(symbol_name("_ZN7guestos12_GLOBAL__N_19switch_toERNS_4HartERNS_6ThreadES4_") ==
        "guestos::(anonymous)::switch_to");
  CHECK(symbol_name("_ZN7guestos9power_offEj") == "guestos::power_off");
  CHECK(symbol_name("_ZNSt6vectorIiSaIiEE9push_backERKi") ==
        "std::vector<int, std::allocator<int> >::push_back");
  CHECK(symbol_name("_ZNK3SetclEi") == "Set::operator()");
  CHECK(symbol_name("_ZlsRSoRK3Set") == "operator<<");
  CHECK(symbol_name("_Znwm") == "operator new");
  CHECK(symbol_name("_ZN3CowC1Ev") == "Cow::Cow");
  CHECK(symbol_name("_ZZ4mainENKUliE_clEi") == "main::{lambda(int)#1}::operator()");
}
