import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Accounts } from "../../native-host/src/service/accounts.ts";
import type { RegisterOptions, RegistrationState } from "../../native-host/src/sip/register.ts";

const accounts: readonly RegisterOptions[] = [
  { aor: "sip:alice@example.com", displayName: "Alice" },
  { aor: "sip:al@work.example" },
];

/** Registrations that the test answers itself, and a network of this one address. */
function cast(all = accounts) {
  const opened = new Map<string, RegisterOptions>();
  const asked: string[] = [];
  let address = "192.0.2.1";
  const here = new Accounts({
    accounts: all,
    interfaces: () => ({ eth0: [{ address } as NetworkInterfaceInfo] }),
    register: (options) => {
      opened.set(options.aor, options);
      return {
        state: "registering",
        failure: undefined,
        renew: () => asked.push(`renew ${options.aor}`),
        close: async () => void asked.push(`close ${options.aor}`),
      };
    },
  });
  const tell = (aor: string, state: RegistrationState, status?: number) =>
    opened
      .get(aor)
      ?.onState?.(state, status === undefined ? undefined : { status, reason: "Forbidden", silent: false });
  const move = (to: string) => {
    address = to;
  };
  return { here, asked, tell, move };
}

describe("the user's accounts", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());

  test("are shown with their state, and with the registrar's words when it refused", () => {
    const { here, tell } = cast();
    const told: string[] = [];
    here.onChange = ({ id, state }) => told.push(`${id} ${state}`);

    tell("sip:alice@example.com", "registered");
    tell("sip:al@work.example", "failed", 403);

    assert.deepEqual(here.views, [
      { id: "sip:alice@example.com", state: "registered" },
      { id: "sip:al@work.example", state: "failed", sip: 403, reason: "Forbidden" },
    ]);
    assert.deepEqual(told, ["sip:alice@example.com registered", "sip:al@work.example failed"]);
  });

  test("give a call the name that is known in its domain, else the first", () => {
    const { here } = cast();

    assert.deepEqual(here.identityFor("sip:films@work.example"), { uri: "sip:al@work.example" });
    assert.deepEqual(here.identityFor("sip:films@elsewhere"), {
      uri: "sip:alice@example.com",
      name: "Alice",
    });
    assert.equal(cast([]).here.identityFor("sip:films@elsewhere"), undefined);
  });

  test("are registered anew when this computer has other addresses, and not while it has the same", () => {
    const { asked, move } = cast();

    mock.timers.tick(60_000);
    assert.deepEqual(asked, []);
    move("198.51.100.7");
    mock.timers.tick(5000);
    mock.timers.tick(60_000);

    assert.deepEqual(asked, ["renew sip:alice@example.com", "renew sip:al@work.example"]);
  });

  test("are signed off at the end", async () => {
    const { here, asked } = cast();

    await here.close();

    assert.deepEqual(asked, ["close sip:alice@example.com", "close sip:al@work.example"]);
  });
});
