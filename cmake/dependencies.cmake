# SPDX-License-Identifier: Apache-2.0
# Every library that Sangam uses, all from Debian 12 (scripts/setup installs them).
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS headers json url)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)  # Debian ships no CMake config for it
find_package(roaring REQUIRED CONFIG)
find_package(cereal 1.3 REQUIRED CONFIG)
find_package(spdlog REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(tomlplusplus REQUIRED CONFIG)
find_package(prometheus-cpp REQUIRED CONFIG)  # its core only: counters and their text, no server

# Asio's non-template code, compiled once (node/net/asio_impl.cpp); saves a third of each user's
# compile time.
add_library(sangam_asio INTERFACE)
target_compile_definitions(sangam_asio INTERFACE BOOST_ASIO_SEPARATE_COMPILATION
    BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(sangam_asio INTERFACE Boost::headers OpenSSL::SSL OpenSSL::Crypto
    Threads::Threads)
