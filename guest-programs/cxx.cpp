// C++: exceptions through many frames, iostreams, containers, std::thread and friends, static construction.
#include <atomic>
#include <condition_variable>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "law.h"

namespace {

struct Constructed {
  int value;
  Constructed() : value(41) { ++value; }
};
Constructed constructed_before_main;

struct Guard {
  int& counter;
  explicit Guard(int& count) : counter(count) { ++counter; }
  ~Guard() { --counter; }
};

int descend(int depth, int& alive) {
  Guard guard(alive);
  if (depth == 0) throw std::runtime_error("from the bottom");
  return descend(depth - 1, alive) + 1;
}

void check_exceptions() {
  int alive = 0;
  std::string caught;
  try {
    descend(50, alive);
  } catch (const std::exception& error) {
    caught = error.what();
  }
  law(caught == "from the bottom" && alive == 0,
      "an exception unwinds 50 frames and destroys what they hold");
  bool out_of_range = false;
  try {
    std::vector<int>(3).at(3);
  } catch (const std::out_of_range&) {
    out_of_range = true;
  }
  law(out_of_range, "the library throws");
}

void check_threads() {
  std::mutex mutex;
  std::map<int, int> squares;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 25; ++k) {
        std::lock_guard lock(mutex);
        squares[25 * i + k] = (25 * i + k) * (25 * i + k);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  long sum = 0;
  for (const auto& [number, square] : squares) sum += square;
  law(squares.size() == 100 && sum == 328350, "four threads fill a map under a mutex");

  auto failing = std::async(std::launch::async, []() -> int { throw std::logic_error("elsewhere"); });
  bool carried = false;
  try {
    failing.get();
  } catch (const std::logic_error&) {
    carried = true;
  }
  law(carried, "a future carries an exception from one thread to another");

  std::atomic<int> count{0};
  std::condition_variable changed;
  std::thread counter([&] {
    for (int i = 0; i < 10; ++i) {
      std::lock_guard lock(mutex);
      ++count;
      changed.notify_one();
    }
  });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return count == 10; });
  }
  counter.join();
  law(count == 10, "a condition variable wakes its waiter");
}

}  // namespace

int main() {
  std::ostringstream text;
  text << std::hex << 255 << ' ' << std::dec << 3.25 << ' ' << std::boolalpha << true;
  law(text.str() == "ff 3.25 true", "streams format");
  std::istringstream input("12 -7 5e2");
  int first = 0, second = 0;
  double third = 0;
  input >> first >> second >> third;
  law(first == 12 && second == -7 && third == 500, "streams parse");
  law(constructed_before_main.value == 42, "objects are constructed before main");
  check_exceptions();
  check_threads();
  auto big = std::make_unique<std::vector<long>>(1 << 18);
  std::iota(big->begin(), big->end(), 0L);
  law(std::accumulate(big->begin(), big->end(), 0L) == (1L << 18) * ((1L << 18) - 1) / 2,
      "a vector of 2 MiB adds up");
  std::cout << "std::cout works, too" << std::endl;
  return verdict("cxx");
}
