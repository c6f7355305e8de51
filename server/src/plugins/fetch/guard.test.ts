import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openAddresses, whyRefused } from "./guard.ts";
import { readTarget } from "./target.ts";

const opens = (entry: string, url: string) => whyRefused(readTarget(url), [entry]) === undefined;

describe("the guard of fetch", () => {
  it("opens what an entry names, on its port or on all", () => {
    const cases: readonly [entry: string, url: string, isOpen: boolean][] = [
      ["localhost", "http://localhost:3000/", true],
      ["LOCALHOST:3000", "http://localhost.:3000/", true],
      ["localhost:3000", "http://localhost:3001/", false],
      ["localhost:80", "http://localhost/", true],
      ["localhost:80", "https://localhost/", false],
      ["127.0.0.1", "http://2130706433:9/", true],
      ["127.0.0.1", "http://127.0.0.2:9/", false],
      ["127.0.0.1", "http://[::ffff:127.0.0.1]:9/", false],
      ["::1", "http://[::1]:3000/", true],
      ["[::1]:3000", "http://[0:0::1]:3000/", true],
      ["[::1]:3000", "http://[::1]:3001/", false],
      ["example.com:8080", "http://example.com:8080/", true],
      ["example.com:8080", "http://www.example.com:8080/", false],
      ["", "http://localhost/", false],
      ["x@localhost", "http://localhost/", false],
      ["http://localhost", "http://localhost/", false],
      ["localhost/", "http://localhost/", false],
    ];
    for (const [entry, url, isOpen] of cases) {
      assert.equal(opens(entry, url), isOpen, `${JSON.stringify(entry)} and ${url}`);
    }
  });

  it("lets through addresses of the public web, and hands on all of them", async () => {
    const found = ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "2001:4860:4860::8888"];
    const resolve = async () => found.map((address) => ({ address }));
    const target = readTarget("https://example.com/");
    assert.deepEqual(await openAddresses(target, [], resolve), found);
    assert.deepEqual(await openAddresses(readTarget("http://8.8.8.8/"), [], resolve), ["8.8.8.8"]);
  });

  it("checks what a name leads to each time that it is asked", async () => {
    let times = 0;
    const resolve = async () => [{ address: times++ === 0 ? "93.184.216.34" : "127.0.0.1" }];
    const target = readTarget("https://rebind.example/");
    assert.deepEqual(await openAddresses(target, [], resolve), ["93.184.216.34"]);
    const again = await openAddresses(target, [], resolve);
    assert.match(String(again), /^rebind\.example leads to 127\.0\.0\.1, which is loopback; /);
  });
});
