// What a source does with its counters, as lines FILE:LINE:FUNCTION:KIND, each word behind it after a tab. It
// only collects: what of it is a fault is decided in rules.cpp.

@initialize:python@
@@
print("ready")

def fact(p, kind, *words):
    words = ["".join(str(word).split()) for word in words]
    print("%s:%s:%s:%s" % (p[0].file, p[0].line, p[0].current_element, "\t".join([kind] + words)))


// Variables and arrays. Outside of functions, the element is the variable itself.

@variable@
type T; identifier x; position p;
@@
(
T x@p;
|
T x@p = ...;
|
extern T x@p;
)

@script:python@
p << variable.p; x << variable.x; T << variable.T;
@@
fact(p, "variable", x, T)

@array@
type T; identifier x; expression n; position p;
@@
(
T x@p[n];
|
T x@p[n] = ...;
)

@script:python@
p << array.p; x << array.x; T << array.T; n << array.n;
@@
fact(p, "array", x, T, n)

// What counts or adds, and with which index.

@count@
identifier x; position p;
@@
(
x@p++
|
x@p += 1
)

@script:python@
p << count.p; x << count.x;
@@
fact(p, "counts", x, "-")

@count_first@
identifier x; expression E; position p;
@@
\( E@p \& ++x \)

@script:python@
p << count_first.p; x << count_first.x;
@@
fact(p, "counts", x, "-")

@count_of@
identifier x; expression i; position p;
@@
(
x@p[i]++
|
x@p[i] += 1
)

@script:python@
p << count_of.p; x << count_of.x; i << count_of.i;
@@
fact(p, "counts", x, i)

@count_of_first@
identifier x; expression E, i; position p;
@@
\( E@p \& ++x[i] \)

@script:python@
p << count_of_first.p; x << count_of_first.x; i << count_of_first.i;
@@
fact(p, "counts", x, i)

@add@
identifier x; expression e; position p;
@@
(
x@p += e
|
x@p = x + e
)

@script:python@
p << add.p; x << add.x;
@@
fact(p, "adds", x, "-")

@add_to@
identifier x; expression e, i; position p;
@@
(
x@p[i] += e
|
x@p[i] = x[i] + e
)

@script:python@
p << add_to.p; x << add_to.x; i << add_to.i;
@@
fact(p, "adds", x, i)

@atomic@
identifier x; identifier f; position p;
@@
f@p(&x)

@script:python@
p << atomic.p; f << atomic.f; x << atomic.x;
@@
if str(f).startswith("atomic") and "_inc" in str(f): fact(p, "atomic", x, "-")

@atomic_of@
identifier x; identifier f; expression i; position p;
@@
f@p(&x[i])

@script:python@
p << atomic_of.p; f << atomic_of.f; x << atomic_of.x; i << atomic_of.i;
@@
if str(f).startswith("atomic") and "_inc" in str(f): fact(p, "atomic", x, i)

@element@
identifier x; expression i; position p;
@@
x@p[i]

@script:python@
p << element.p; x << element.x; i << element.i;
@@
fact(p, "element", x, i)

// Where values come from and go to.

@copy@
identifier a; expression b; type T; position p;
@@
(
a@p = b;
|
T a@p = b;
)

@script:python@
p << copy.p; a << copy.a; b << copy.b;
@@
fact(p, "copies", a, b)

@pass@
identifier f; expression a; position p;
@@
f@p(..., a, ...)

@script:python@
p << pass.p; f << pass.f; a << pass.a;
@@
fact(p, "passes", f, a)

@call@
identifier f; position p;
@@
f@p(...)

@script:python@
p << call.p; f << call.f;
@@
fact(p, "calls", f)

@takes@
identifier f, a; type T; position p;
@@
f@p(T a) { ... }

@script:python@
p << takes.p; f << takes.f; a << takes.a;
@@
fact(p, "parameter", f, a)

// What is tested.

@compare@
expression a, c; binary operator op = {<, <=, >, >=, ==, !=}; position p;
@@
a@p op c

@script:python@
p << compare.p; a << compare.a; op << compare.op; c << compare.c;
@@
fact(p, "compares", a, op, c)

@condition@
expression c; statement S1, S2; position p;
@@
(
if@p (c) S1 else S2
|
while@p (c) S1
)

@script:python@
p << condition.p; c << condition.c;
@@
fact(p, "tests", c)

@choice@
expression c, d, e; position p;
@@
\( c@p ? d : e \)

@script:python@
p << choice.p; c << choice.c;
@@
fact(p, "tests", c)

@leave@
expression c, e; statement S; position p;
@@
(
if (c) return@p e;
|
if (c) return@p e; else S
)

@script:python@
p << leave.p; c << leave.c;
@@
fact(p, "leaves", c)

// The guest's ECX, or a copy, as an index that nothing has touched since.

@guests exists@
identifier r, x; expression v; type T; position p;
@@
(
r = kvm_rcx_read(v);
|
T r = kvm_rcx_read(v);
)
... when != r
x@p[r]

@script:python@
p << guests.p; x << guests.x; r << guests.r;
@@
fact(p, "unguarded", x, r)

@copied exists@
identifier r, a, x; expression v; type T; position p;
@@
(
r = kvm_rcx_read(v);
|
T r = kvm_rcx_read(v);
)
... when != r
(
a = r;
|
T a = r;
)
... when != a
x@p[a]

@script:python@
p << copied.p; x << copied.x; a << copied.a;
@@
fact(p, "unguarded", x, a)

@read@
identifier x; expression v; position p;
@@
x@p[kvm_rcx_read(v)]

@script:python@
p << read.p; x << read.x;
@@
fact(p, "unguarded", x, "ecx")
