#include <hal/async/stop.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <hal/async/testing/manual_loop.hpp>

namespace hal {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class Noting final : public StopCallback {
 public:
  explicit Noting(std::vector<std::string>* log, std::string name = "") : log_{log}, name_{name} {}
  StopCallback* detaches = nullptr;

 private:
  void on_stop(const Status& reason) noexcept override {
    log_->push_back(name_ + reason.message());
    if (detaches != nullptr) detaches->release();
  }
  std::vector<std::string>* log_;
  std::string name_;
};

class StopTest : public ::testing::Test {
 protected:
  std::vector<std::string> log_;
  StopSource source_;
};

TEST_F(StopTest, CallsBackOnceWithTheFirstReason) {
  Noting callback{&log_};
  callback.attach(&source_);
  EXPECT_FALSE(source_.requested());
  source_.request({Code::kAborted, "first"});
  source_.request({Code::kCancelled, "second"});
  EXPECT_THAT(log_, ElementsAre("first"));
  EXPECT_EQ(source_.reason().to_string(), "ABORTED: first");
}

TEST_F(StopTest, CallsBackAtOnceWhenStoppedAlready) {
  source_.request({Code::kAborted, "early"});
  Noting callback{&log_};
  callback.attach(&source_);
  EXPECT_THAT(log_, ElementsAre("early"));
}

TEST_F(StopTest, NothingStopsWithoutASource) {
  Noting callback{&log_};
  callback.attach(nullptr);
  callback.release();
  EXPECT_TRUE(log_.empty());
}

TEST_F(StopTest, DetachedAndDestroyedOnesAreNotCalled) {
  Noting first{&log_, "first "};
  Noting second{&log_, "second "};
  Noting third{&log_, "third "};
  {
    Noting destroyed{&log_, "destroyed "};
    first.attach(&source_);
    second.attach(&source_);
    destroyed.attach(&source_);
    third.attach(&source_);
  }
  second.release();
  second.release();
  source_.request({Code::kAborted, "now"});
  EXPECT_THAT(log_, UnorderedElementsAre("first now", "third now"));
}

TEST_F(StopTest, ACallbackMayDetachOthers) {
  Noting first{&log_, "first "};
  Noting second{&log_, "second "};
  first.detaches = &second;
  second.detaches = &first;
  first.attach(&source_);
  second.attach(&source_);
  source_.request({Code::kAborted, "now"});
  EXPECT_EQ(log_.size(), 1);
}

TEST_F(StopTest, ACallbackCanBeUsedAgain) {
  StopSource other;
  Noting callback{&log_};
  callback.attach(&source_);
  callback.release();
  callback.attach(&other);
  source_.request({Code::kAborted, "source"});
  other.request({Code::kAborted, "other"});
  EXPECT_THAT(log_, ElementsAre("other"));
}

TEST_F(StopTest, StopsDescendantsButNotAncestors) {
  StopSource child{&source_};
  StopSource grandchild{&child};
  Noting callback{&log_};
  callback.attach(&grandchild);
  child.request({Code::kAborted, "child"});
  EXPECT_THAT(log_, ElementsAre("child"));
  EXPECT_TRUE(grandchild.requested());
  EXPECT_FALSE(source_.requested());
  source_.request({Code::kCancelled, "parent"});
  EXPECT_EQ(child.reason().message(), "child") << "the first reason stays";
}

TEST_F(StopTest, AChildOfAStoppedSourceIsStopped) {
  source_.request({Code::kAborted, "early"});
  const StopSource child{&source_};
  EXPECT_EQ(child.reason(), source_.reason());
}

TEST(StopDeathTest, HoldsItsContracts) {
  std::vector<std::string> log;
  StopSource source;
  EXPECT_DEATH(source.request({}), "a stop has a reason");
  Noting callback{&log};
  callback.attach(&source);
  EXPECT_DEATH(callback.attach(&source), "a stop callback is attached once at a time");
}

}  // namespace
}  // namespace hal
