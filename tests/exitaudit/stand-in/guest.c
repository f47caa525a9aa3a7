// A stand-in for the unikernel: writes one fixed log to COM1 and ends as
// BEHAVIOUR says. It lets the host program be tested without KVM, without a
// ledger and without the real guest's plan words.
//
// BEHAVIOUR: PASS, FAIL, UNPATCHED, CUT (dies in the middle), HANG (halts in the
// middle), SILENT (halts before its first line), LIAR (its end record and its
// exit status contradict each other), ONESHOT (ends itself as announced).

enum { PASS, FAIL, UNPATCHED, CUT, HANG, SILENT, LIAR, ONESHOT };

static void out8(unsigned short port, unsigned char value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void print(const char* text)
{
    for (; *text; text++)
        out8(0x3f8, (unsigned char)*text);
}

static void stop_here(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

// Without an interrupt descriptor table any exception is a triple fault.
static void die(void)
{
    static const struct {
        unsigned short limit;
        unsigned base;
    } __attribute__((packed)) no_table = {0, 0};
    __asm__ volatile("lidt %0; int3" : : "m"(no_table));
}

static void end(const char* record, unsigned char status)
{
    print(record);
    out8(0xf4, status);
    stop_here();
}

void guest_main(void)
{
    if (BEHAVIOUR == SILENT)
        stop_here();

    print("KTAP version 1\n# Stand-in guest\n");
    if (BEHAVIOUR == UNPATCHED) {
        print("#json {\"record\":\"run\",\"schema\":1,\"plan\":\"all\",\"vcpus\":1,\"results\":0}\n1..0\n");
        end("#json {\"record\":\"end\",\"verdict\":\"not-patched\",\"passed\":0,\"failed\":0,\"skipped\":0,"
            "\"message\":\"no leaf answers\"}\n# verdict: not-patched: no leaf answers\n",
            0x14);
    }
    if (BEHAVIOUR == ONESHOT) {
        print("#json {\"record\":\"run\",\"schema\":1,\"ledger\":1,\"plan\":\"fatal.triple-fault\",\"vcpus\":1,\"results\":1}\n1..1\n"
              "#json {\"record\":\"one-shot\",\"name\":\"fatal.triple-fault\",\"exit\":127}\n");
        die();
    }
    print("#json {\"record\":\"run\",\"schema\":1,\"ledger\":1,\"plan\":\"all\",\"vcpus\":1,\"results\":2}\n1..2\n");
    print("ok 1 io.out8 # 1000 exits, ledger +1000\n");
    if (BEHAVIOUR == HANG)
        stop_here();
    if (BEHAVIOUR == CUT)
        die();
    if (BEHAVIOUR == FAIL) {
        print("not ok 2 hlt.timer # expected ledger +100, seen +0\n# expected: 100 exits 0x78 hlt\n"
              "# seen: +0\n# diagnosis: counted in another vCPU's ledger\n");
        end("#json {\"record\":\"end\",\"verdict\":\"fail\",\"passed\":1,\"failed\":1,\"skipped\":0,"
            "\"message\":\"hlt.timer\"}\n# verdict: fail: 1 passed, 1 failed, 0 skipped\n",
            0x11);
    }
    print("ok 2 hlt.timer # SKIP not intercepted\n");
    end("#json {\"record\":\"end\",\"verdict\":\"pass\",\"passed\":1,\"failed\":0,\"skipped\":1}\n"
        "# verdict: pass: 1 passed, 0 failed, 1 skipped\n",
        BEHAVIOUR == LIAR ? 0x11 : 0x10);
}
