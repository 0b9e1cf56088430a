// RFENCE (SBI 2.0, chapter 8). The fences of the hypervisor extension are not offered.
#include "guestos/firmware/mail.hpp"
#include "guestos/firmware/sbi.hpp"

namespace hartbeat::firmware {
namespace {

enum Function : std::uint64_t { remote_fence_i = 0, remote_sfence_vma = 1, remote_sfence_vma_asid = 2 };

constexpr std::uint64_t page_mask = 4095;
constexpr std::uint64_t whole_space = ~std::uint64_t{0};

}  // namespace

bool set_fence_range(FenceRequest& request, std::uint64_t start, std::uint64_t size) {
  if ((start == 0 && size == 0) || size == whole_space) {
    request.everything = true;
    return true;
  }
  request.first_page = start & ~page_mask;
  const std::uint64_t bytes = size + (start & page_mask);
  const bool wraps = bytes < size || (size != 0 && start + (size - 1) < start);
  request.pages = (bytes >> 12) + ((bytes & page_mask) != 0);
  return !wraps;
}

SbiResult sbi_remote_fence(const SbiCall& call) {
  FenceRequest request;
  switch (call.function()) {
    case remote_fence_i: request.kind = FenceRequest::Kind::instruction; break;
    case remote_sfence_vma: request.kind = FenceRequest::Kind::address; break;
    case remote_sfence_vma_asid:
      request.kind = FenceRequest::Kind::address_and_asid;
      request.asid = call.argument(4);
      break;
    default: return SbiError::not_supported;
  }
  HartMask targets = 0;
  if (!select_harts(call.firmware, call.argument(0), call.argument(1), targets))
    return SbiError::invalid_param;
  if (request.kind != FenceRequest::Kind::instruction &&
      !set_fence_range(request, call.argument(2), call.argument(3))) {
    return SbiError::invalid_address;
  }
  fence_harts(call.firmware, call.hart_id, targets, request);
  return SbiError::success;
}

}  // namespace hartbeat::firmware
