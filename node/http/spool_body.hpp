// SPDX-License-Identifier: Apache-2.0
// A Boost.Beast body that goes to a file as it arrives. Unlike Beast's file_body it keeps a failure
// of the disk apart from one of the connection: the first is the server's, and the client, which
// still listens, is told so.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/file.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional/optional.hpp>
#include <cstdint>
#include <string>

namespace sangam::node::http {

struct SpoolBody {
    struct value_type {
        boost::beast::file file;
        /// Why the disk did not take the body, an errno; none: it did, so far.
        boost::system::error_code disk_error;

        void open(const std::string& path) {
            file.open(path.c_str(), boost::beast::file_mode::write, disk_error);
        }
        void close() {
            boost::system::error_code error;
            file.close(error);
            if (!disk_error) disk_error = error;
        }
    };

    class reader {
    public:
        template <bool is_request, class Fields>
        reader(boost::beast::http::header<is_request, Fields>&, value_type& body) : body_(body) {}

        void init(const boost::optional<std::uint64_t>&, boost::system::error_code& error) {
            error = {};
        }
        template <class Buffers>
        std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
            error = {};
            std::size_t taken = 0;
            for (const auto buffer : boost::beast::buffers_range_ref(buffers)) {
                taken += body_.file.write(buffer.data(), buffer.size(), error);
                if (error) {
                    body_.disk_error = error;
                    return taken;
                }
            }
            return taken;
        }
        void finish(boost::system::error_code& error) { error = {}; }

    private:
        value_type& body_;
    };
};

}  // namespace sangam::node::http
