// Lists in pages: {"list":[...],"pagination":{"total":41,"current":2,"pageSize":20}}.
#pragma once

#include <hal/http/extract.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace hal::http {

/// Where a page stands in its list.
struct Pagination {
  std::uint64_t total = 0;      ///< elements of the whole list
  std::uint32_t current = 1;    ///< the page, from 1
  std::uint32_t page_size = 0;  ///< elements of a full page

  static constexpr std::string_view json_name(std::string_view member) {
    return member == "page_size" ? "pageSize" : member;
  }
};
BOOST_DESCRIBE_STRUCT(Pagination, (), (total, current, page_size))

/// A result, as Json<List<T>>: one page of a list.
template <class T>
struct List {
  std::vector<T> list{};
  Pagination pagination{};

  BOOST_DESCRIBE_CLASS(List, (), (list, pagination), (), ())
};

/// A parameter: the page that a request asks for by ?current=2&pageSize=20. 400 for numbers out of
/// their range.
///   Task<Result<Json<List<User>>>> users(State<Api> api, Page page) {
///     ...
///     co_return Json{page.of(std::move(users), total)};
///   }
struct Page {
  static constexpr std::uint32_t kSizeMax = 100;
  static constexpr std::uint32_t kSizeDefault = 20;

  std::uint32_t current = 1;
  std::uint32_t size = kSizeDefault;  ///< 1 to kSizeMax

  /// The page itself, of a list that has `total` elements in all.
  template <class T>
  [[nodiscard]] List<T> of(std::vector<T> elements, std::uint64_t total) const {
    return {.list = std::move(elements),
            .pagination = {.total = total, .current = current, .page_size = size}};
  }

  static Expected<Page> extract(const Exchange& exchange);
  static void check(const RouteInfo&) {}
};

}  // namespace hal::http
