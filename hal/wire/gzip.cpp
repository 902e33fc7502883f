#include <hal/wire/gzip.hpp>

#include <hal/base/contract.hpp>

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace hal::wire {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, and a gzip header around it
constexpr std::size_t kPieceBytes = 16 * 1024;
constexpr std::size_t kAvailMax = std::numeric_limits<uInt>::max();

// zlib's C interface takes mutable bytes and does not write to them.
Bytef* input_of(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

class Deflater {
 public:
  explicit Deflater(GzipLevel level) {
    const int code = deflateInit2(&stream_, static_cast<int>(level), Z_DEFLATED, kGzipWindow, 8,
                                  Z_DEFAULT_STRATEGY);
    expects(code == Z_OK, "zlib has memory and a valid level");
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream_); }

  std::string run(std::string_view bytes) {
    std::string out;
    int code = Z_OK;
    while (code != Z_STREAM_END) {
      const auto piece = bytes.substr(0, kAvailMax);
      stream_.next_in = input_of(piece);
      stream_.avail_in = static_cast<uInt>(piece.size());
      const std::size_t had = out.size();
      out.resize(had + std::clamp<std::size_t>(piece.size() / 4, 256, kAvailMax));
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + had);
      stream_.avail_out = static_cast<uInt>(out.size() - had);
      code = deflate(&stream_, piece.size() == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
      out.resize(out.size() - stream_.avail_out);
      bytes.remove_prefix(piece.size() - stream_.avail_in);
    }
    return out;
  }

 private:
  z_stream stream_{};
};

class Inflater {
 public:
  Inflater(std::string_view bytes, const GunzipLimits& limits) : all_{bytes}, limits_{limits} {
    expects(inflateInit2(&stream_, kGzipWindow) == Z_OK, "zlib has memory");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  Result<std::string> run() {
    do {
      if (Status failed = read_member(); !failed.ok()) return error(std::move(failed));
      inflateReset(&stream_);
    } while (at_ < all_.size());
    return std::move(out_);
  }

 private:
  Status read_member() {
    int code = Z_OK;
    while (code != Z_STREAM_END) {
      const auto piece = all_.substr(at_, kAvailMax);
      stream_.next_in = input_of(piece);
      stream_.avail_in = static_cast<uInt>(piece.size());
      // One byte more than is allowed, so that a result of just the limit is told from a longer
      // one.
      const std::size_t had = out_.size();
      out_.resize(had + std::min(kPieceBytes, limits_.output_bytes_max - had + 1));
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data() + had);
      stream_.avail_out = static_cast<uInt>(out_.size() - had);
      code = inflate(&stream_, Z_NO_FLUSH);
      out_.resize(out_.size() - stream_.avail_out);
      at_ += piece.size() - stream_.avail_in;
      if (code == Z_BUF_ERROR || (code == Z_OK && at_ == all_.size() && stream_.avail_out > 0)) {
        return {Code::kInvalidArgument, fmt::format("gzip: it ends too early, at byte {}", at_)};
      }
      if (code != Z_OK && code != Z_STREAM_END) {
        return {Code::kInvalidArgument,
                fmt::format("gzip: {} at byte {}",
                            stream_.msg != nullptr ? stream_.msg : "damaged data", at_)};
      }
      if (Status refused = check(); !refused.ok()) return refused;
    }
    return {};
  }

  [[nodiscard]] Status check() const {
    if (out_.size() > limits_.output_bytes_max) {
      return {Code::kResourceExhausted,
              fmt::format("gzip: the content is longer than the limit of {} bytes",
                          limits_.output_bytes_max)};
    }
    if (out_.size() > limits_.ratio_free_bytes && out_.size() / limits_.ratio_max > at_) {
      return {Code::kResourceExhausted,
              fmt::format("gzip: the content is more than {} times longer than its compressed form",
                          limits_.ratio_max)};
    }
    return {};
  }

  const std::string_view all_;
  const GunzipLimits limits_;
  z_stream stream_{};
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string gzip(std::string_view bytes, GzipLevel level) { return Deflater{level}.run(bytes); }

Result<std::string> gunzip(std::string_view bytes, const GunzipLimits& limits) {
  expects(limits.ratio_max > 0, "ratio_max is above zero");
  return Inflater{bytes, limits}.run();
}

}  // namespace hal::wire
