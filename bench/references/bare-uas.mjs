/** npm `sip` bare, as its readme shows it: a UAS that answers 200 to whatever comes. */
import { createRequire } from "node:module";

const sip = createRequire(import.meta.url)("sip");

const SDP =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
const port = Number(process.argv[2]);

sip.start({ port, address: "127.0.0.1", publicAddress: "127.0.0.1", tcp: false }, (request) => {
  if (request.method === "ACK") return;
  const response = sip.makeResponse(request, 200, "OK");
  if (request.method === "INVITE") {
    response.headers.to.params.tag = Math.random().toString(36).slice(2);
    response.headers.contact = [{ uri: `sip:127.0.0.1:${port}` }];
    response.headers["content-type"] = "application/sdp";
    response.content = SDP;
  }
  sip.send(response);
});
process.stdout.write(`ready 127.0.0.1:${port}\n`);
