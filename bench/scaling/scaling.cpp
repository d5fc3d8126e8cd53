// SPDX-License-Identifier: GPL-2.0-only
// How l2packet_counter's counting step scales, compiled from the module's own sources: with two processors at once, and with
// the number of MAC addresses known. Beside it, one counter for all processors. Then what the table takes.
// "hot": all frames are of 64 of the addresses. "spread": each frame is of any of them, so most lie in no cache.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "count.h"

namespace {

std::atomic<std::uint64_t> sent{0};

void fill(const benchmark::State& state) {
    sent = 0;
    if (!begin(static_cast<unsigned>(state.range(0)), 2)) std::abort();
}

// Each frame has to be counted: what is missing would be cheap.
void check(const benchmark::State& state) {
    (void)state;
    if (counted() != sent) {
        std::fprintf(stderr, "sent %lu frames, counted %lu\n", static_cast<unsigned long>(sent.load()),
                     static_cast<unsigned long>(counted()));
        std::exit(1);
    }
    end();
}

// In a random order, and for each thread another.
std::vector<std::uint64_t> frames(unsigned macs, int thread) {
    constexpr std::size_t length = std::size_t{1} << 20U;
    std::vector<std::uint64_t> keys(length);
    std::minstd_rand random(static_cast<unsigned>(thread) + 1);
    std::uniform_int_distribution<unsigned> any(0, macs - 1);
    for (auto& key : keys) key = nth_key(any(random));
    return keys;
}

template <bool (*counter)(std::uint64_t), bool hot>
void frame(benchmark::State& state) {
    constexpr unsigned hot_macs = 64;
    const auto known = static_cast<unsigned>(state.range(0));
    const auto keys = frames(hot ? std::min(known, hot_macs) : known, state.thread_index());
    run_on(state.thread_index());
    std::size_t next = 0;
    for (auto _ : state) {
        if (!counter(keys[next])) state.SkipWithError("not counted");
        next = (next + 1) % keys.size();
    }
    sent += static_cast<std::uint64_t>(state.iterations());
}

void add(const char* name, void (*run)(benchmark::State&)) {
    auto* benchmark = benchmark::RegisterBenchmark(name, run);
    benchmark->Setup(fill)->Teardown(check)->UseRealTime();
    benchmark->Arg(1)->Arg(64)->Arg(10'000)->Arg(1'048'576)->Threads(1)->Threads(2);
}

// What a table of received frames takes once every processor has seen one.
void print_memory() {
    std::printf("\n%-12s %14s %14s\n", "addresses", "2 CPUs", "256 CPUs");
    for (const unsigned macs : {1U, 10'000U, 65'536U, 1'048'576U}) {
        std::printf("%-12u", macs);
        for (const int cpus : {2, 256}) std::printf(" %10.1f MiB", static_cast<double>(table_bytes(macs, cpus)) / (1U << 20U));
        std::printf("\n");
    }
}

} // namespace

int main(int argc, char** argv) {
    add("hot", frame<count, true>);
    add("hot, one counter for all", frame<count_shared, true>);
    add("spread", frame<count, false>);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    print_memory();
    return 0;
}
