// main() of every unit test program. Tests read testdata/ by paths relative to the source folder,
// which keeps the folder's own name out of every object file.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  if (chdir(HAL_SOURCE_DIR) != 0) {
    std::perror(HAL_SOURCE_DIR);
    return 1;
  }
  return RUN_ALL_TESTS();
}
