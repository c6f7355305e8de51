/**
 * Programs that only do what their operands say, with every flag that keeps it so.
 * A flag that is not listed asks; no abbreviation is listed.
 */
export interface ProgramFlags {
  /** Letters without a value, and letters with one. */
  readonly flags?: string;
  readonly values?: string;
  /** Long names without a value, with one, and with one only behind `=`. */
  readonly long?: string;
  readonly longValues?: string;
  readonly longOptional?: string;
  readonly operands: Operands;
}

/**
 * What the operands are: files read or written; the first a pattern, the others
 * files; text; anything, known or not; none at all; the last one written.
 */
export type Operands =
  | "read"
  | "write"
  | "pattern"
  | "text"
  | "any"
  | "none"
  | "second"
  | "date"
  | "cp"
  | "mv";

export const programFlags: Readonly<Record<string, ProgramFlags>> = {
  ls: {
    flags: "alhtrRS1dFGinopqsuxcCfgkmABHLNQUXZv",
    values: "ITw",
    long: "all almost-all human-readable recursive reverse directory classify inode size full-time group-directories-first help version",
    longValues: "sort time time-style indicator-style hide ignore width",
    longOptional: "color",
    operands: "read",
  },
  cat: {
    flags: "nbsAETvetu",
    long: "number number-nonblank squeeze-blank show-all show-ends show-tabs show-nonprinting help version",
    operands: "read",
  },
  tac: { operands: "read" },
  nl: { flags: "p", values: "bdfhilnsvw", operands: "read" },
  head: {
    flags: "qvz0123456789",
    values: "nc",
    long: "quiet verbose help version",
    longValues: "lines bytes",
    operands: "read",
  },
  tail: {
    flags: "qvzfF0123456789",
    values: "ncs",
    long: "quiet verbose help version",
    longValues: "lines bytes pid",
    longOptional: "follow",
    operands: "read",
  },
  wc: {
    flags: "lwcmL",
    long: "lines words bytes chars max-line-length help version",
    operands: "read",
  },
  cut: {
    flags: "szn",
    values: "dfcb",
    long: "only-delimited complement help version",
    longValues: "delimiter fields characters bytes output-delimiter",
    operands: "read",
  },
  tr: {
    flags: "cdsCt",
    long: "delete squeeze-repeats complement truncate-set1 help version",
    operands: "text",
  },
  uniq: {
    flags: "cdDuiz",
    values: "fsw",
    long: "count repeated unique ignore-case help version",
    longValues: "skip-fields skip-chars",
    operands: "second",
  },
  rev: { operands: "read" },
  paste: { flags: "sz", values: "d", operands: "read" },
  column: {
    flags: "tnx",
    values: "scoNRHW",
    long: "table help version",
    longValues: "separator table-columns",
    operands: "read",
  },
  comm: { flags: "123iz", long: "check-order nocheck-order", operands: "read" },
  fold: { flags: "sb", values: "w", operands: "read" },
  expand: { flags: "i", values: "t", operands: "read" },
  fmt: { values: "w", operands: "read" },
  sort: {
    flags: "nrRhuVfgbdicmsMz",
    values: "kt",
    long: "numeric-sort reverse unique human-numeric-sort version-sort general-numeric-sort ignore-case stable zero-terminated help version",
    longValues: "key field-separator sort",
    longOptional: "check",
    operands: "read",
  },
  grep: {
    flags: "rnilLcvwxoqsHhEFPIaUzZTby0123456789",
    values: "eABCmdD",
    long: "recursive line-number ignore-case files-with-matches files-without-match count invert-match word-regexp line-regexp only-matching quiet no-messages with-filename no-filename extended-regexp fixed-strings perl-regexp text null help version",
    longValues:
      "regexp include exclude exclude-dir after-context before-context context max-count binary-files",
    longOptional: "color colour",
    operands: "pattern",
  },
  rg: {
    flags: "nilcvwxosSFPaUHINp.u0q",
    values: "egtTABCmMdjr",
    long: "line-number no-line-number ignore-case smart-case case-sensitive files files-with-matches files-without-match count count-matches invert-match word-regexp line-regexp only-matching fixed-strings pcre2 text multiline multiline-dotall hidden no-ignore no-ignore-vcs no-heading heading column vimgrep json stats null trim type-list no-messages no-filename with-filename quiet pretty unrestricted sort-files help version",
    longValues:
      "regexp glob iglob type type-not after-context before-context context max-count max-depth max-columns max-filesize color sort sortr threads replace",
    operands: "pattern",
  },
  fd: {
    flags: "HIupaigs0F",
    values: "tedE",
    long: "hidden no-ignore full-path absolute-path glob help version",
    longValues: "type extension max-depth exclude",
    operands: "pattern",
  },
  stat: {
    flags: "Lft",
    values: "c",
    long: "dereference terse file-system help version",
    longValues: "format printf",
    operands: "read",
  },
  file: {
    flags: "bikLhsN",
    long: "brief mime mime-type mime-encoding dereference help version",
    operands: "read",
  },
  du: {
    flags: "shacbkmxLHSD0",
    values: "dBt",
    long: "summarize human-readable all total bytes apparent-size one-file-system help version",
    longValues: "max-depth exclude block-size threshold",
    operands: "read",
  },
  df: {
    flags: "hiHTkPal",
    values: "tBx",
    long: "human-readable inodes print-type help version",
    operands: "read",
  },
  tree: {
    flags: "adfCDFghilNpqrstuvxJX",
    values: "LPI",
    long: "dirsfirst gitignore prune noreport du help version",
    operands: "read",
  },
  pwd: { flags: "LP", operands: "text" },
  echo: { flags: "neE", operands: "any" },
  true: { operands: "any" },
  false: { operands: "any" },
  ":": { operands: "any" },
  basename: {
    flags: "az",
    values: "s",
    long: "multiple zero help version",
    longValues: "suffix",
    operands: "text",
  },
  dirname: { flags: "z", long: "zero help version", operands: "text" },
  realpath: {
    flags: "emsqz",
    long: "canonicalize-existing canonicalize-missing no-symlinks quiet help version",
    longValues: "relative-to relative-base",
    operands: "read",
  },
  readlink: { flags: "fenm", long: "canonicalize help version", operands: "read" },
  whoami: { operands: "text" },
  id: { flags: "gnuGr", operands: "text" },
  hostname: { flags: "fsiId", operands: "none" },
  uname: { flags: "asnrvmpio", long: "all help version", operands: "text" },
  date: {
    flags: "uIR",
    values: "d",
    long: "utc rfc-email help version",
    longValues: "date",
    longOptional: "iso-8601",
    operands: "date",
  },
  uptime: { flags: "ps", operands: "text" },
  nproc: { long: "all", operands: "text" },
  free: { flags: "hbkmgtw", operands: "text" },
  arch: { operands: "text" },
  tty: { flags: "s", operands: "text" },
  groups: { operands: "text" },
  locale: { flags: "a", operands: "text" },
  sleep: { operands: "text" },
  seq: { flags: "w", values: "fs", long: "equal-width", operands: "text" },
  which: { flags: "as", operands: "text" },
  type: { flags: "apPtf", operands: "text" },
  diff: {
    flags: "urNqbBwiaysTtEpc0123456789",
    values: "UCxFW",
    long: "recursive brief new-file ignore-all-space ignore-space-change ignore-blank-lines ignore-case side-by-side report-identical-files suppress-common-lines help version",
    longValues: "exclude width strip-trailing-cr label",
    longOptional: "color context unified",
    operands: "read",
  },
  cmp: { flags: "bls", values: "nij", operands: "read" },
  md5sum: { flags: "bt", long: "tag help version", operands: "read" },
  sha1sum: { flags: "bt", long: "tag", operands: "read" },
  sha256sum: { flags: "bt", long: "tag", operands: "read" },
  sha512sum: { flags: "bt", long: "tag", operands: "read" },
  cksum: { values: "a", operands: "read" },
  base64: {
    flags: "di",
    values: "w",
    long: "decode ignore-garbage",
    longValues: "wrap",
    operands: "read",
  },
  xxd: { flags: "biupE", values: "lsgc", operands: "second" },
  hexdump: { flags: "Cbcdovx", values: "ns", operands: "read" },
  od: { flags: "cbdox", values: "AjNtw", operands: "read" },
  strings: { flags: "afo", values: "nt", operands: "read" },
  ps: {
    flags: "aefxwlAT",
    values: "opuCG",
    long: "forest no-headers",
    longValues: "sort pid ppid",
    operands: "any",
  },
  pgrep: { flags: "flaxn", values: "u", operands: "text" },
  lsof: { flags: "nPt", values: "ip", operands: "text" },
  ss: { flags: "tulnpaw", operands: "text" },
  exit: { operands: "text" },
  break: { operands: "text" },
  continue: { operands: "text" },
  wait: { operands: "text" },
  getconf: { operands: "text" },
  zcat: { operands: "read" },
  cal: { operands: "text" },
  numfmt: { longValues: "to from", operands: "text" },
  mkdir: {
    flags: "pv",
    values: "m",
    long: "parents verbose",
    longValues: "mode",
    operands: "write",
  },
  touch: { flags: "acm", values: "dt", long: "no-create", longValues: "date", operands: "write" },
  tee: { flags: "a", long: "append", operands: "write" },
  cp: {
    flags: "rRavfpnuiLTHPd",
    long: "recursive archive verbose force no-clobber",
    longOptional: "preserve update",
    operands: "cp",
  },
  mv: { flags: "vfniu", long: "verbose force no-clobber", operands: "mv" },
  rmdir: { flags: "pv", operands: "write" },
  truncate: { values: "s", longValues: "size", operands: "write" },
};
