import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { FindingStatus } from "@daphnia/protocol/daemon_service";
import { checkClock, checkNode } from "./check-machine.ts";
import { checkHome } from "./checks.ts";
import { homeAt } from "./home.ts";

describe("the checks", () => {
  let root: string;
  let home: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "daphnia-checks-"));
    home = join(root, "home");
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const wrong = async (variables: Record<string, string> = {}) => {
    const environment = { DAPHNIA_TCP_PORT: "off", OPENAI_API_KEY: "sk", ...variables };
    const found = await checkHome({ home, environment });
    return found.filter(({ status }) => status !== FindingStatus.OK);
  };

  it("find nothing wrong with a home that was not made yet, and do not make it", async () => {
    assert.deepEqual(await wrong(), []);
    assert.deepEqual(await wrong(), []);
  });

  it("name a home that others can read, and the command that mends it", async () => {
    await mkdir(home);
    await chmod(home, 0o755);
    assert.deepEqual(await wrong(), [
      {
        name: "home",
        status: FindingStatus.WARN,
        message: `${home} is open to others (mode 755)`,
        remedy: `chmod 700 ${home}`,
      },
    ]);
  });

  it("name a home that is no folder", async () => {
    await writeFile(home, "");
    const [first] = await wrong();
    assert.deepEqual([first?.name, first?.message], ["home", `${home} is no folder`]);
  });

  it("name each mistake of config and agents with its line", async () => {
    await mkdir(join(home, "agents"), { recursive: true });
    await chmod(home, 0o700);
    await writeFile(join(home, "daphnia.toml"), '[providers.opneai]\napi_key = "x"\n');
    await writeFile(join(home, "agents", "a.md"), "---\ntools: [gerp]\n---\nx");
    assert.deepEqual(
      (await wrong()).map(({ message }) => message),
      [
        'daphnia.toml:2: there is no provider "opneai"; did you mean "openai"?',
        'agents/a.md: there is no tool "gerp"; did you mean "grep"?',
      ],
    );
  });

  it("name a key that is missing, with its variable", async () => {
    const none = await wrong({ OPENAI_API_KEY: "" });
    assert.deepEqual(
      none.map(({ name }) => name),
      ["keys", "model"],
    );
    assert.match(none[1]?.remedy ?? "", /ANTHROPIC_API_KEY.*daphnia demo/);
    const [named] = await wrong({ DAPHNIA_MODEL: "anthropic/claude" });
    assert.deepEqual(
      [named?.message, named?.remedy],
      ["anthropic/claude needs a key", "set ANTHROPIC_API_KEY where the daemon starts"],
    );
    const [unknown] = await wrong({ DAPHNIA_MODEL: "antropic/claude" });
    assert.match(unknown?.message ?? "", /no provider "antropic"; did you mean "anthropic"\?/);
  });

  it("know an old Node and a clock that is wrong", async () => {
    assert.equal(checkNode("24.14.9").status, FindingStatus.FAIL);
    assert.equal(checkNode("24.15.0").status, FindingStatus.OK);
    assert.equal(checkNode("26.0.0").status, FindingStatus.OK);
    assert.equal((await checkClock(homeAt(home), 0)).status, FindingStatus.FAIL);
    await mkdir(home);
    await writeFile(join(home, "daphnia.db"), "");
    const past = Date.now() - 3_600_000;
    assert.equal((await checkClock(homeAt(home), past)).status, FindingStatus.WARN);
  });
});
