// SPDX-License-Identifier: Apache-2.0
// The parts of Asio, its TLS layer and Beast that are no templates, compiled once for all users
// (BOOST_ASIO_SEPARATE_COMPILATION, set by the target sangam_asio).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
