/** Where Prometheus finds the figures of a server that has no other HTTP: /metrics on this machine's own address. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";

/** Nobody beyond this machine; whoever is to see the figures from elsewhere has a proxy that asks who he is. */
const HOST = "127.0.0.1";
const PATIENCE_MS = 10_000;
const MOST_CONNECTIONS = 32;

/** `http://127.0.0.1:port/metrics`; rejects when the port is taken. */
export async function serveMetrics(
  metrics: Metrics,
  port: number,
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const wanted = request.method === "GET" && request.url === "/metrics";
    if (!wanted) return void response.writeHead(404).end();
    metrics.text().then(
      (text) => response.writeHead(200, { "content-type": metrics.registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  Object.assign(server, { requestTimeout: PATIENCE_MS, maxConnections: MOST_CONNECTIONS });
  server.listen(port, HOST);
  await once(server, "listening");
  return {
    address: `http://${HOST}:${(server.address() as AddressInfo).port}/metrics`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
