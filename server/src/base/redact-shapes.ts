/** No word goes on at its left: a key stands by itself. */
const alone = (prefix: string) => `(?<![\\w-])${prefix}`;

/** A letter or digit run that no word of a language has: long, with digits in it. */
const random = "(?=[\\w-]*?(?![A-Za-z]{12}|[0-9]{12})[A-Za-z0-9]{12})(?=[\\w-]*\\d)";

/**
 * How keys of well-known services look. Each begins with what ordinary text does
 * not, and is long enough not to be met by chance.
 */
export const keyShapes: readonly string[] = [
  // OpenAI, Anthropic, OpenRouter and those that follow them.
  `${alone("sk-")}${random}[\\w-]{20,}`,
  // GitHub and GitLab.
  `${alone("gh[pousr]_")}[A-Za-z0-9]{36,}`,
  `${alone("github_pat_")}\\w{50,}`,
  `${alone("glpat-")}${random}[\\w-]{20,}`,
  // Slack.
  `${alone("xox[abeoprs]-")}(?=[\\w-]*\\d)[A-Za-z0-9-]{20,}`,
  `${alone("xapp-")}(?=[\\w-]*\\d)[A-Za-z0-9-]{20,}`,
  // Amazon and Google.
  "(?<![\\w-])A(?:KIA|SIA)(?=[A-Z2-7]*\\d)[A-Z2-7]{16}(?![\\w-])",
  `${alone("AIza")}[\\w-]{35}(?![\\w-])`,
  // Groq, Hugging Face, npm, PyPI, Stripe, SendGrid, DigitalOcean.
  `${alone("gsk_")}[A-Za-z0-9]{40,}`,
  `${alone("hf_")}[A-Za-z]{34}(?![\\w-])`,
  `${alone("npm_")}[A-Za-z0-9]{36}(?![\\w-])`,
  `${alone("pypi-")}[\\w-]{60,}`,
  `${alone("[rs]k_(?:live|test)_")}[A-Za-z0-9]{20,}`,
  `${alone("SG\\.")}[\\w-]{20,24}\\.[\\w-]{40,50}`,
  `${alone("dop_v1_")}[a-f0-9]{64}`,
  // Bots of Telegram.
  "(?<![\\w-])\\d\\d{7,9}:AA[\\w-]{33}(?![\\w-])",
  // Signed tokens: two JSON objects and a signature.
  `${alone("eyJ")}[\\w-]{10,2000}\\.eyJ[\\w-]{10,2000}\\.[\\w-]{20,}`,
  // Whatever a request is let in by.
  "(?<!\\w)[Bb]earer {1,4}(?=[\\w.~+/-]*\\d)(?=[\\w.~+/-]*[A-Za-z])[\\w.~+/-]{24,}",
  // A name and password in the address of a service.
  "(?<=:)//[\\w.~%+-]{0,64}:(?=[^\\s/@$]*\\d)[^\\s/@$:'\"`<>{}\\[\\]()]{8,128}@(?=\\w)",
];

/** What may stand between the lines of a key: breaks, and what shows lines puts before them. */
const between = "(?:\\\\[nr]|[\\s\\d|:>+\\u2192\\xe2\\x86\\x92])";

/** How a private key begins: the line that says so, headers, and the first of its body. */
export const privateKeyStart = `-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----${between}{1,40}(?:[A-Z][A-Za-z-]{2,20}: [^\\n\\\\]{0,100}${between}{1,40}){0,4}[A-Za-z0-9+/]{16}`;

/** What a private key goes on with, and its last line where it has come. */
export const privateKeyRest =
  /[A-Za-z0-9+/=\s\\|:>\u2192\xe2\x86\x92-]{0,65536}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\|:>\u2192\xe2\x86\x92-]*/y;

/** Characters that the last line may have, at most. */
export const longestEnd = 80;
