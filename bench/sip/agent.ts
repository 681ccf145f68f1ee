/** A user agent in a process of its own that accepts every call; SIGUSR2 makes it say what it holds in memory. */
import { makeAnswer } from "#sdp/offer-answer.ts";
import { keepHeapSmall } from "#sip/small-heap.ts";
import { UserAgent } from "#sip/user-agent.ts";

const HOST = "127.0.0.1";
const [port = "0", t1 = "500"] = process.argv.slice(2);
const audio = { address: HOST, port: 9, codecs: ["PCMU" as const], telephoneEvent: false };
const answer = makeAnswer(
  `v=0\r\no=- 1 1 IN IP4 ${HOST}\r\ns=-\r\nc=IN IP4 ${HOST}\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n`,
  audio,
);

keepHeapSmall();
const agent = await UserAgent.open({
  host: HOST,
  port: Number(port),
  name: "Partyline",
  identity: {},
  timers: { t1: Number(t1) },
  onInvite: (invite) => void invite.accept(answer ?? ""),
});

process.on("SIGUSR2", () => {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  process.stdout.write(`memory ${heapUsed} ${rss} legs ${[...agent.legs()].length}\n`);
});
process.once("SIGTERM", () => void agent.close().then(() => process.exit(0)));
process.stdout.write(`ready ${agent.host}:${agent.port}\n`);
