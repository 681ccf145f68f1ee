import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { PageConference, type Wanted } from "../../extension/background/page-conference.ts";

const want = (name: string): Wanted => ({
  uri: `sip:${name}@conf.films.example`,
  origin: "https://films.example",
  muted: true,
  display: "",
});

describe("The conference of the page in front", () => {
  let now = 0;
  let moves: (string | undefined)[];
  let conference: PageConference;

  const pass = (ms: number) => {
    now += ms;
    mock.timers.tick(ms);
  };

  beforeEach(() => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout"] });
    now = 10_000;
    moves = [];
    conference = new PageConference({
      apply: (wanted) => moves.push(wanted?.uri.slice(4, wanted.uri.indexOf("@"))),
      now: () => now,
    });
  });

  test("is joined at once, and once however often the page says it", () => {
    for (let again = 0; again < 5; again++) conference.want(want("comedies"));
    pass(2000);
    assert.deepEqual(moves, ["comedies"]);
  });

  test("is the last of a storm of pages, with one move per half second", () => {
    for (let page = 0; page < 40; page++) {
      conference.want(want(`film-${page}`));
      pass(50);
    }
    pass(1000);
    assert.deepEqual(moves.at(0), "film-0");
    assert.deepEqual(moves.at(-1), "film-39");
    assert.ok(moves.length <= 6, `${moves.length} moves in 2 s`);
  });

  test("is left and not joined again for a page that only flickers", () => {
    conference.want(want("comedies"));
    conference.want(undefined);
    conference.want(want("comedies"));
    pass(1000);
    assert.deepEqual(moves, ["comedies"]);
  });

  test("is left at once when no page wants it, a while after the last move", () => {
    conference.want(want("comedies"));
    pass(600);
    conference.want(undefined);
    assert.deepEqual(moves, ["comedies", undefined]);
  });

  test("is not joined again by a worker that woke up in it", () => {
    conference.settle("sip:comedies@conf.films.example");
    conference.want(want("comedies"));
    assert.deepEqual(moves, []);
    conference.want(want("dramas"));
    assert.deepEqual(moves, ["dramas"]);
  });
});
