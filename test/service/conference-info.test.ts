import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type ConferenceInfo,
  merge,
  readConferenceInfo,
} from "../../native-host/src/service/conference-info.ts";

/** A document as a focus sends it (RFC 4575 §5). */
function conferenceInfo(version: number, state: string, users: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
    <conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:films@127.0.0.1" state="${state}" version="${version}">
      <conference-description><display-text>Films</display-text></conference-description>
      <users state="${state}">${users}</users>
    </conference-info>`;
}

const user = (name: string, more = "", state = "full") =>
  `<user entity="sip:${name}@example.com" state="${state}"><display-text>${name}</display-text>${more}</user>`;

const endpoint = (audio: string, talking: boolean) =>
  `<endpoint entity="sip:e1@127.0.0.1" state="full">
    <status>connected</status>
    <joining-info><when>2026-11-22T16:00:00Z</when></joining-info>
    <media id="1"><type>audio</type><status>${audio}</status></media>
    <talking xmlns="urn:partyline:conference:1">${talking}</talking>
  </endpoint>`;

function read(text: string): ConferenceInfo {
  const info = readConferenceInfo(text);
  assert.ok(info);
  return info;
}

const names = (info: ConferenceInfo | undefined) => info?.users.map(({ display }) => display);

describe("The conference event package", () => {
  test("tells who is there, who is muted, who talks and since when", () => {
    const info = read(conferenceInfo(1, "full", user("alice", endpoint("recvonly", true))));

    assert.deepEqual(info, {
      version: 1,
      state: "full",
      title: "Films",
      users: [
        {
          entity: "sip:alice@example.com",
          state: "full",
          display: "alice",
          endpoints: [
            {
              entity: "sip:e1@127.0.0.1",
              state: "full",
              status: "connected",
              audio: "recvonly",
              talking: true,
              joined: new Date("2026-11-22T16:00:00Z"),
            },
          ],
        },
      ],
    });
  });

  test("adds, changes and removes people by partial documents", () => {
    const full = merge(undefined, read(conferenceInfo(1, "full", user("alice") + user("bob"))));
    const joined = merge(full, read(conferenceInfo(2, "partial", user("carol"))));
    const left = merge(joined, read(conferenceInfo(3, "partial", user("alice", "", "deleted"))));

    assert.deepEqual(names(left), ["bob", "carol"]);
    assert.equal(left?.version, 3);
  });

  test("keeps what a partial user does not mention", () => {
    const full = merge(
      undefined,
      read(conferenceInfo(1, "full", user("alice", endpoint("sendrecv", false)))),
    );
    const talking = `<user entity="sip:alice@example.com" state="partial">${endpoint("sendrecv", true)}</user>`;
    const next = merge(full, read(conferenceInfo(2, "partial", talking)));

    assert.equal(next?.users[0]?.display, "alice");
    assert.equal(next?.users[0]?.endpoints[0]?.talking, true);
    assert.equal(next?.users[0]?.state, "full");
  });

  test("is not merged over a gap", () => {
    const full = merge(undefined, read(conferenceInfo(1, "full", user("alice"))));

    assert.equal(merge(full, read(conferenceInfo(3, "partial", user("bob")))), undefined);
    assert.equal(merge(undefined, read(conferenceInfo(1, "partial", user("bob")))), undefined);
  });

  test("may begin anew with a full document of any version", () => {
    const full = merge(undefined, read(conferenceInfo(7, "full", user("alice"))));

    assert.deepEqual(names(merge(full, read(conferenceInfo(1, "full", user("bob"))))), ["bob"]);
  });

  test("is ignored when it is no such document", () => {
    const strange = [
      "",
      "<x",
      "<presence/>",
      '<conference-info version="many"/>',
      "<!DOCTYPE x><conference-info/>",
    ];

    assert.deepEqual(
      strange.map(readConferenceInfo),
      strange.map(() => undefined),
    );
  });

  test("cannot make a name longer than a line", () => {
    const long = `<user entity="sip:alice@example.com"><display-text>${"a".repeat(5000)}</display-text></user>`;

    const [reader] = read(conferenceInfo(1, "full", long)).users;

    assert.equal(reader?.display?.length, 256);
  });
});
