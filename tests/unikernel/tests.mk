# Unit tests of the guest's portable logic, compiled for the machine at hand.

UNIKERNEL_TESTS := tests/unikernel
UNIKERNEL_TEST_OBJECTS := $(patsubst %.cpp,build/obj/%.o,$(wildcard $(UNIKERNEL_TESTS)/*.cpp)) $(PORTABLE_OBJECTS)

build/tests/unikernel_tests: $(UNIKERNEL_TEST_OBJECTS)
	@mkdir -p $(@D)
	$(call announce,LINK)$(CXX) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ -lgtest -lgtest_main -pthread

-include $(UNIKERNEL_TEST_OBJECTS:.o=.d)
