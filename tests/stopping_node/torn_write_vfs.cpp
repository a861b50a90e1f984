// SPDX-License-Identifier: Apache-2.0
#include "tests/stopping_node/torn_write_vfs.hpp"

#include <sqlite3.h>

#include <atomic>
#include <csignal>

#include "protocol/error.hpp"

namespace sangam::testing {
namespace {

std::uint64_t torn_write = 0;
std::atomic<std::uint64_t> writes{0};

/// SQLite allocates it with room for the real file behind it.
struct File {
    sqlite3_file base;
    [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    sqlite3_file* below = real(file);
    if (++writes == torn_write) {
        below->pMethods->xWrite(below, bytes, size / 2, offset);
        std::raise(SIGKILL);
    }
    return below->pMethods->xWrite(below, bytes, size, offset);
}

/// Passes a method on to the real file.
template <auto Method, class... Arguments>
int pass(sqlite3_file* file, Arguments... arguments) {
    sqlite3_file* below = real(file);
    return (below->pMethods->*Method)(below, arguments...);
}
using M = sqlite3_io_methods;

const sqlite3_io_methods methods = {
    3,
    pass<&M::xClose>,
    pass<&M::xRead, void*, int, sqlite3_int64>,
    write,
    pass<&M::xTruncate, sqlite3_int64>,
    pass<&M::xSync, int>,
    pass<&M::xFileSize, sqlite3_int64*>,
    pass<&M::xLock, int>,
    pass<&M::xUnlock, int>,
    pass<&M::xCheckReservedLock, int*>,
    pass<&M::xFileControl, int, void*>,
    pass<&M::xSectorSize>,
    pass<&M::xDeviceCharacteristics>,
    pass<&M::xShmMap, int, int, int, void volatile**>,
    pass<&M::xShmLock, int, int, int>,
    [](sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); },
    pass<&M::xShmUnmap, int>,
    pass<&M::xFetch, sqlite3_int64, int, void**>,
    pass<&M::xUnfetch, sqlite3_int64, void*>,
};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* below = static_cast<sqlite3_vfs*>(vfs->pAppData);
    file->pMethods = nullptr;
    const int code = below->xOpen(below, name, real(file), flags, out_flags);
    // Files of rollback journals and the like have fewer methods; only databases are asked for the
    // later ones.
    if (real(file)->pMethods) file->pMethods = &methods;
    return code;
}

}  // namespace

void tear_write(std::uint64_t n) {
    torn_write = n;
    sqlite3_vfs* below = sqlite3_vfs_find(nullptr);
    SANGAM_ASSERT(below != nullptr);
    static sqlite3_vfs layer = *below;
    layer.zName = "torn-write";
    layer.pAppData = below;
    layer.szOsFile = static_cast<int>(sizeof(File)) + below->szOsFile;
    layer.xOpen = open;
    sqlite3_vfs_register(&layer, 1);
}

}  // namespace sangam::testing
