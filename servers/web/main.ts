/** `partyline web`: the demo site on its own. */
import { parseArgs } from "node:util";
import { buildSite } from "./site.ts";

const HELP = `partyline web [options]: the demo site, a small film community whose pages have conferences

  --bind ADDRESS           where to listen (127.0.0.1)
  --port N                 (8080; 0 takes any free one)
  --conference HOST:PORT   the conference server its pages name (127.0.0.1:5080)
`;

interface Options {
  readonly bind: string;
  readonly port: number;
  readonly conference: string;
}

/** The options, a sentence about what is wrong with them, or `undefined` when help was asked for. */
function readOptions(args: string[]): Options | string | undefined {
  try {
    const { values } = parseArgs({
      args,
      options: {
        bind: { type: "string", default: "127.0.0.1" },
        port: { type: "string", default: "8080" },
        conference: { type: "string", default: "127.0.0.1:5080" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return undefined;
    return check({ bind: values.bind, port: Number(values.port), conference: values.conference });
  } catch (wrong) {
    return wrong instanceof Error ? wrong.message : String(wrong);
  }
}

function check(options: Options): Options | string {
  if (!Number.isInteger(options.port) || options.port < 0 || options.port > 65_535) {
    return "--port takes a number from 0 to 65535.";
  }
  // It becomes the host part of a SIP URI in every page.
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i.test(options.conference))
    return "--conference takes HOST or HOST:PORT.";
  return options;
}

async function serve({ bind, port, conference }: Options): Promise<void> {
  const site = buildSite({ conference });
  const address = await site.listen({ host: bind, port });
  process.stdout.write(`ready ${address}\n`);
  const stop = () => {
    site.server.closeAllConnections();
    site.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

const options = readOptions(process.argv.slice(2));
if (typeof options === "object") {
  serve(options).catch((failure: unknown) => {
    process.stderr.write(
      `The site could not start: ${failure instanceof Error ? failure.message : failure}\n`,
    );
    process.exitCode = 1;
  });
} else if (options === undefined) {
  process.stdout.write(HELP);
} else {
  process.stderr.write(`${options}\n`);
  process.exitCode = 2;
}
