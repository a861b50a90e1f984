// SPDX-License-Identifier: Apache-2.0
// Feeds a fuzz target the files of a corpus folder, every beginning of the small ones, and copies
// with a few bytes bent under a fixed seed: what can be had of fuzzing without libFuzzer, the same
// in each run. Prints how many inputs that were; an empty corpus is a failure.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "protocol/crypto.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

/// Inputs up to this size are tried at every length: a longer one would take too long.
constexpr std::size_t largest_cut = 2048;
constexpr int bent_copies = 200;

std::uint64_t count = 0;

void run(const std::vector<std::uint8_t>& input) {
    // A copy of just that size, so that a sanitizer sees a read beyond its end.
    const std::vector<std::uint8_t> exact(input);
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
    ++count;
}

void replay(const std::vector<std::uint8_t>& seed, sangam::Random& random) {
    run(seed);
    if (seed.size() <= largest_cut)
        for (std::size_t size = 0; size < seed.size(); ++size)
            run({seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size)});
    if (seed.empty()) return;
    for (int i = 0; i < bent_copies; ++i) {
        auto bent = seed;
        for (std::uint64_t bends = random.draw_u64() % 4 + 1; bends > 0; --bends) {
            const std::uint64_t draw = random.draw_u64();
            const std::size_t at = draw % bent.size();
            switch (draw >> 60) {
                case 0:  // a byte that often means something
                    bent[at] = std::array<std::uint8_t, 4>{0x00, 0x7f, 0x80, 0xff}[draw >> 58 & 3];
                    break;
                case 1:  // a byte too few
                    bent.erase(bent.begin() + static_cast<std::ptrdiff_t>(at));
                    break;
                case 2:  // a byte too many
                    bent.insert(bent.begin() + static_cast<std::ptrdiff_t>(at),
                                static_cast<std::uint8_t>(draw >> 40));
                    break;
                default:
                    bent[at] ^= static_cast<std::uint8_t>(1u << (draw >> 56 & 7));
            }
            if (bent.empty()) break;
        }
        run(bent);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
        std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    sangam::init_crypto();
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
        if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);  // the order decides what the seed bends
    sangam::SeededRandom random(1);
    for (const auto& file : files) {
        std::ifstream in(file, std::ios::binary);
        const std::vector<std::uint8_t> seed{std::istreambuf_iterator<char>(in), {}};
        if (!in.good() && !in.eof()) {
            std::fprintf(stderr, "cannot read %s\n", file.c_str());
            return 1;
        }
        replay(seed, random);
    }
    std::printf("%llu inputs from %zu files\n", static_cast<unsigned long long>(count),
                files.size());
    if (files.empty()) std::fprintf(stderr, "the corpus %s is empty\n", argv[1]);
    return files.empty() ? 1 : 0;
}
