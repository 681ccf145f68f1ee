import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { html } from "../../../servers/web/html.ts";
import { buildSite } from "../../../servers/web/site.ts";

const site = buildSite({ conference: "conf.films.example:5080" });
const load = async (url: string) => (await site.inject(url)).body;

describe("The film community", () => {
  const TAGGED = [
    ["/", "film-lobby"],
    ["/films/harbour-lights", "film-harbour-lights"],
    ["/films/the-salt-line", "film-the-salt-line"],
    ["/programme/foyer", "film-foyer"],
    ["/programme/screen-one", "film-screen-one"],
  ] as const;
  for (const [path, room] of TAGGED) {
    test(`names the conference ${room} in the head of ${path}`, async () => {
      const [head = ""] = (await load(path)).split("</head>");
      const tags = head.match(/<link rel="conference"[^>]*>/g) ?? [];
      assert.equal(tags.length, 1);
      assert.match(tags[0] ?? "", new RegExp(`href="sip:${room}@conf.films.example:5080" title="[^"]+"`));
    });
  }

  test("uses the meta form on one page", async () => {
    const body = await load("/films/nine-quiet-floors");
    assert.match(
      body,
      /<meta name="conference" content="sip:film-nine-quiet-floors@conf.films.example:5080">/,
    );
    assert.doesNotMatch(body, /rel="conference"/);
  });

  test("has one page without any tag", async () => {
    assert.doesNotMatch(await load("/about"), /conference"/);
  });

  test("links each film to others, and loads nothing from elsewhere", async () => {
    const body = await load("/films/harbour-lights");
    assert.match(body, /href="\/films\/the-salt-line"/);
    assert.doesNotMatch(body, /(src|href)="(https?:)?\/\//);
  });

  test("answers with headers that let a page load nothing but the site's own", async () => {
    const { headers, statusCode } = await site.inject("/films/harbour-lights");
    assert.equal(statusCode, 200);
    assert.match(String(headers["content-security-policy"]), /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
  });

  test("says that there is nothing where nothing is", async () => {
    for (const path of ["/films/none", "/programme/cellar", "/../site.ts", "/films/%00"]) {
      assert.equal((await site.inject(path)).statusCode, 404, path);
    }
  });

  test("escapes whatever is put into a page", () => {
    assert.equal(
      html`<p title="${'"&'}">${"<script>'"}</p>`.html,
      '<p title="&quot;&amp;">&lt;script&gt;&#39;</p>',
    );
  });
});

describe("partyline web", () => {
  const start = (...args: string[]) => spawn(process.execPath, ["servers/web/main.ts", ...args]);

  test("says where it listens, and ends on SIGTERM", async () => {
    const server = start("--port", "0", "--conference", "127.0.0.1:5080");
    const [line] = await once(createInterface({ input: server.stdout }), "line");
    assert.match(line, /^ready http:\/\/127\.0\.0\.1:\d+$/);
    const answer = await fetch(`${line.slice(6)}/films/harbour-lights`);
    assert.match(await answer.text(), /sip:film-harbour-lights@127\.0\.0\.1:5080/);
    server.kill("SIGTERM");
    assert.deepEqual(await once(server, "exit"), [0, null]);
  });

  const WRONG = [
    ["--prt", "1"],
    ["--port", "x"],
    ["--conference", 'a"b'],
  ];
  for (const args of WRONG) {
    test(`ends with 2 and one sentence on ${args.join(" ")}`, async () => {
      const server = start(...args);
      const [text] = await once(server.stderr, "data");
      assert.equal(String(text).trim().split("\n").length, 1);
      assert.deepEqual(await once(server, "exit"), [2, null]);
    });
  }
});
