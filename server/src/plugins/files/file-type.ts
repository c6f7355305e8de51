/** The name of a binary file's type by its first bytes. */
export function fileTypeOf(head: Buffer): string {
  for (const [type, offset, magic] of known) {
    if (head.subarray(offset, offset + magic.length / 2).toString("hex") === magic) return type;
  }
  return "binary data of unknown type";
}

const known: readonly (readonly [type: string, offset: number, magic: string])[] = [
  ["PNG image", 0, "89504e470d0a1a0a"],
  ["JPEG image", 0, "ffd8ff"],
  ["GIF image", 0, "47494638"],
  ["WebP image", 8, "57454250"],
  ["WAVE audio", 8, "57415645"],
  ["icon", 0, "00000100"],
  ["MP4 or HEIF media", 4, "66747970"],
  ["Ogg media", 0, "4f676753"],
  ["Matroska or WebM video", 0, "1a45dfa3"],
  ["MP3 audio", 0, "494433"],
  ["PDF document", 0, "25504446"],
  ["ZIP archive or a format made of one (docx, xlsx, jar)", 0, "504b0304"],
  ["gzip archive", 0, "1f8b"],
  ["zstd archive", 0, "28b52ffd"],
  ["xz archive", 0, "fd377a585a00"],
  ["bzip2 archive", 0, "425a68"],
  ["tar archive", 257, "7573746172"],
  ["SQLite database", 0, "53514c69746520666f726d6174203300"],
  ["ELF program or library", 0, "7f454c46"],
  ["Mach-O program or library", 0, "cffaedfe"],
  ["Java class or Mach-O program", 0, "cafebabe"],
  ["WebAssembly module", 0, "0061736d"],
  ["WOFF2 font", 0, "774f4632"],
  ["UTF-16 text", 0, "fffe"],
  ["UTF-16 text", 0, "feff"],
];
