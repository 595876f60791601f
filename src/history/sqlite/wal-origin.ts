import { closeSync, openSync, readSync } from 'node:fs';

// Byte offsets: https://www.sqlite.org/fileformat2.html#the_database_header and #the_write_ahead_log
const PAGE_SIZE_OFFSET = 16;
const CHANGE_COUNTER_OFFSET = 24;
const WAL_HEADER_BYTES = 32;
const WAL_PAGE_SIZE_OFFSET = 8;
const WAL_SALTS_OFFSET = 16;
const FRAME_HEADER_BYTES = 24;
const FRAME_SALTS_OFFSET = 8;
const SALTS_BYTES = 8;
/** The low bit tells the byte order of the checksums. */
const WAL_MAGIC = 0x377f0682;

/**
 * Whether a WAL is of the database whose first 100 bytes these are: SQLite would mix it into any database that lies
 * beside it, such as a restored backup. The first page has a counter that each change of that page raises, so the
 * database's is one of those in the WAL or the one before. Null when nothing tells. Throws the system's errors.
 */
export function isWalOf(header: Buffer, walFile: string): boolean | null {
  const wal = openOrNull(walFile);
  if (wal === null) return null;
  try {
    return judge(header, wal);
  } finally {
    closeSync(wal);
  }
}

function judge(header: Buffer, wal: number): boolean | null {
  const walHeader = readAt(wal, 0, WAL_HEADER_BYTES);
  if (walHeader === null || (walHeader.readUInt32BE(0) & ~1) !== WAL_MAGIC) return null;
  const salts = walHeader.subarray(WAL_SALTS_OFFSET, WAL_SALTS_OFFSET + SALTS_BYTES);
  const pageSize = walHeader.readUInt32BE(WAL_PAGE_SIZE_OFFSET);
  const counters: number[] = [];
  for (let at = WAL_HEADER_BYTES; ; at += FRAME_HEADER_BYTES + pageSize) {
    const frame = readAt(wal, at, FRAME_HEADER_BYTES);
    // What comes behind is left from before the WAL was begun anew.
    if (!frame?.subarray(FRAME_SALTS_OFFSET, FRAME_SALTS_OFFSET + SALTS_BYTES).equals(salts)) break;
    if (header.length === 0) return false;
    if (frame.readUInt32BE(0) !== 1) continue;
    const counter = readAt(wal, at + FRAME_HEADER_BYTES + CHANGE_COUNTER_OFFSET, 4);
    if (counter !== null) counters.push(counter.readUInt32BE(0));
  }
  if (counters.length === 0) return null;
  if (pageSize !== pageSizeOf(header)) return false;
  const counter = changeCounterOf(header);
  return counter >= Math.min(...counters) - 1 && counter <= Math.max(...counters);
}

/** How often the first page was changed, from a database's first 100 bytes. */
export function changeCounterOf(header: Buffer): number {
  return header.readUInt32BE(CHANGE_COUNTER_OFFSET);
}

function pageSizeOf(header: Buffer): number {
  const size = header.readUInt16BE(PAGE_SIZE_OFFSET);
  return size === 1 ? 65_536 : size;
}

function openOrNull(file: string): number | null {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function readAt(descriptor: number, at: number, length: number): Buffer | null {
  const bytes = Buffer.alloc(length);
  return readSync(descriptor, bytes, 0, length, at) === length ? bytes : null;
}
