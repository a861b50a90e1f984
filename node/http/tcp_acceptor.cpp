// SPDX-License-Identifier: Apache-2.0
#include "node/http/tcp_acceptor.hpp"

#include "node/http/address.hpp"

namespace sangam::node::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::unexpected<Error> cannot_listen(const std::string& address, error_code error) {
    if (error == asio::error::address_in_use)
        return fail("address_in_use", "another process listens there already", address,
                    "stop that process, or listen on another port (0 takes a free one)");
    if (error == asio::error::access_denied)
        return fail("permission_denied", "this user may not listen there", address,
                    "take a port above 1023, or a directory that you may write");
    if (error == boost::system::errc::address_not_available)
        return fail("no_such_address", "this machine does not have that address", address,
                    "listen on 127.0.0.1 or on one of the machine's addresses");
    return fail("cannot_listen", "cannot listen: " + error.message(), address);
}

std::string endpoint_text(const tcp::endpoint& endpoint) {
    const auto host = endpoint.address().to_string();
    const auto port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

Result<tcp::acceptor> open_acceptor(const asio::any_io_executor& executor,
                                    const std::string& address) {
    const auto parsed = split_address(address);
    if (!parsed) return std::unexpected(parsed.error());
    error_code error;
    tcp::resolver resolver(executor);
    const auto found =
        resolver.resolve(parsed->host, std::to_string(parsed->port), tcp::resolver::passive, error);
    if (error || found.empty())
        return fail("no_such_address", "the address to listen on is not known: " + error.message(),
                    address, "write it as 127.0.0.1:7430 or [::1]:7430", ErrorKind::usage);
    const tcp::endpoint endpoint = *found.begin();
    tcp::acceptor acceptor(executor);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return cannot_listen(address, error);
    return acceptor;
}

}  // namespace sangam::node::http
