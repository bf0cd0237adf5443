// The memory layout of the kernel. Addresses and sizes are in float64 numbers, unless stated otherwise.

/** Blocks of gemm: of A, ROWS x DEPTH; of B, DEPTH x COLUMNS; of C, ROWS x COLUMNS. All are multiples of TILE. */
export const ROWS: i32 = 64;
export const DEPTH: i32 = 256;
export const COLUMNS: i32 = 512;

/** The rows of a panel of A, the columns of a panel of B, and both for a tile of C. */
export const TILE: i32 = 4;

/** Tables come first. A consists of panels of TILE rows, stored by columns; B of panels of TILE columns, stored by rows. */
export const A: i32 = 16384;
export const B: i32 = A + ROWS * DEPTH;
export const C: i32 = B + DEPTH * COLUMNS;
const END_OF_C: i32 = C + ROWS * COLUMNS;

/** The most numbers in one call of an elementwise function. */
export const MOST: i32 = 4096;

/**
 * The operands of elementwise functions. NUMBERS begins in the middle of a page, since large arrays begin at the start of one: copying
 * between addresses with almost the same last 12 bits took four times as long.
 */
export const NUMBERS: i32 = END_OF_C + 256;
export const OTHERS: i32 = NUMBERS + MOST;
export const INPUTS: i32 = OTHERS + MOST;
const END_OF_INPUTS: i32 = INPUTS + MOST + 256;

/** The text to parse, address in bytes. Up to 64 bytes after it are read as well; the first 8 have to be 0. */
export const TEXT: i32 = END_OF_INPUTS << 3;
export const TEXT_BYTES: i32 = 65536;

/** The parsed numbers: at most one per two bytes of text. */
export const PARSED: i32 = END_OF_INPUTS + TEXT_BYTES / 8 + 8;

/** The state of the parser (see parse.ts), address in bytes. */
export const STATE: i32 = (PARSED + TEXT_BYTES / 2) << 3;

/** The numbers to format, and the most of them in one call. */
export const UNWRITTEN: i32 = PARSED + TEXT_BYTES / 2 + 8;
export const MOST_UNWRITTEN: i32 = 2048;

/**
 * The formatted text, address in bytes: at most 25 bytes per number, and 3 between rows. Up to 24 bytes after it are overwritten. It does not
 * begin at the same offset within a page as the numbers: loads would wait for stores to addresses with the same last 12 bits.
 */
export const WRITTEN: i32 = (UNWRITTEN + MOST_UNWRITTEN + 64) << 3;
export const WRITTEN_BYTES: i32 = 2 * 28 * MOST_UNWRITTEN;

/** The index of the text (see rows.ts), address in bytes, and the most bytes of text that it covers: each may take 4 bytes of it. */
export const ENDS: i32 = WRITTEN + WRITTEN_BYTES + 32;
export const WINDOW: i32 = 2048;
const END_BYTES: i32 = ENDS + 4 * (WINDOW + 4);

// The tables end before A.
if (__heap_base > usize(A << 3)) unreachable();
const pages: i32 = (END_BYTES + 65535) / 65536;
memory.grow(pages - memory.size());
