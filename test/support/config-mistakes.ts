/** Configurations that are wrong in one place, for the reader and for the schema. */

export const plan = { country: "49", gateway: "sip:gateway.example.com" };
export const desk = { id: "desk", kind: "sip", uri: "sip:desk@192.0.2.7" };

const apiPort = { port: 5065, tokenFile: "api.token" };

/** Configurations that are wrong, and the sentence each gets. */
export const MISTAKES: readonly (readonly [value: unknown, sentence: string | RegExp])[] = [
  [{ incoming: { ring: "loudly" } }, "incoming.ring must be one of all, in-turn, none."],
  [{ incoming: { onBusy: true } }, "incoming.onBusy must be one of ring, refuse."],
  [{ incoming: { devices: ["desk", "desk"] } }, /^incoming\.devices must be a list of names of devices/],
  [{ incoming: { devices: ["the desk"] } }, /^incoming\.devices must be a list of names of devices/],
  [{ incoming: { eachS: 2 } }, "incoming.eachS must be a whole number, 3 to 170."],
  [{ incoming: { giveUpS: 171 } }, "incoming.giveUpS must be a whole number, 3 to 170."],
  [{ incoming: { bell: "loud" } }, "incoming.bell is not a key of the configuration."],
  [{ api: { udp: {} } }, "api.udp is not a key of the configuration."],
  [{ api: { tcp: { tokenFile: "t" } } }, "api.tcp.port is missing; it says where clients connect."],
  [{ api: { tcp: { port: 5065 } } }, "api.tcp.tokenFile is missing; clients must show its first line."],
  [
    { api: { tcp: { ...apiPort, rights: ["everything"] } } },
    "api.tcp.rights must be a list of control, tunnel, each once at most.",
  ],
  [{ api: { tcp: { ...apiPort, origins: [] } } }, "api.tcp.origins is not a key of the configuration."],
  [{ api: { webSocket: apiPort } }, "api.webSocket.origins is missing; it says which pages may connect."],
  [
    { api: { webSocket: { ...apiPort, origins: [7] } } },
    "api.webSocket.origins must be a list of texts of one line, 256 characters at most.",
  ],
  [
    { api: { webSocket: { ...apiPort, origins: ["https://films.example/page"] } } },
    'api.webSocket.origins has "https://films.example/page", which is not like https://example.com.',
  ],
  [
    { api: { webSocket: { ...apiPort, origins: ["*"] } } },
    'api.webSocket.origins has "*", which is not like https://example.com.',
  ],
  [
    { conferences: { server: "conf.example.com" } },
    "conferences.server must be a SIP URI such as sip:alice@example.com.",
  ],
  [
    { conferences: { server: "sip:films@conf.example.com" } },
    "conferences.server must be the address of a server, such as sip:conf.example.com.",
  ],
  [[], "the configuration must be an object."],
  [{ idenity: {} }, "idenity is not a key of the configuration."],
  [{ identity: "Alice" }, "identity must be an object."],
  [{ identity: { name: "two\nlines" } }, "identity.name must be a text of one line, 256 characters at most."],
  [
    { identity: { uri: "alice@example.com" } },
    "identity.uri must be a SIP URI such as sip:alice@example.com.",
  ],
  [{ sip: { port: "5060" } }, "sip.port must be a port, 0 to 65535."],
  [{ sip: { port: 65_536 } }, "sip.port must be a port, 0 to 65535."],
  [{ sip: { bind: "0.0.0.0" } }, "sip.bind must be one IP address of this machine."],
  [{ sip: { bind: "localhost" } }, "sip.bind must be one IP address of this machine."],
  [
    { sip: { dnsServers: ["dns.example"] } },
    'sip.dnsServers must be a list of addresses such as "192.0.2.53" or "192.0.2.53:5353".',
  ],
  [{ sip: { codecs: "PCMA" } }, "sip.codecs must be a list of PCMU, PCMA, each once at most."],
  [{ sip: { codecs: ["PCMA", "PCMA"] } }, "sip.codecs must be a list of PCMU, PCMA, each once at most."],
  [{ sip: { codecs: ["opus"] } }, "sip.codecs must be a list of PCMU, PCMA, each once at most."],
  [
    { sip: { tls: { certificate: "cert.pem" } } },
    "sip.tls must have both certificate and key, each the name of a file.",
  ],
  [{ sip: { tls: {} } }, "sip.tls must have both certificate and key, each the name of a file."],
  [{ sip: { tls: { port: "x" } } }, "sip.tls.port must be a port, 0 to 65535."],
  [{ sip: { ca: 5 } }, "sip.ca must be a text of one line, 256 characters at most."],
  [{ sip: { bnd: "127.0.0.1" } }, "sip.bnd is not a key of the configuration."],
  [{ devices: {} }, "devices must be a list."],
  [{ devices: ["desk"] }, "devices[0] must be an object."],
  [{ devices: [{ ...desk, kind: "fax" }] }, "devices[0].kind must be one of softphone, sip, pstn, http."],
  [
    { devices: [{ ...desk, uri: "desk" }] },
    "devices[0].uri must be a SIP URI such as sip:alice@example.com.",
  ],
  [
    { devices: [desk, { id: "kitchen", kind: "sip" }] },
    "devices[1].uri is missing; it says where the phone is called.",
  ],
  [
    { devices: [{ ...desk, id: "my desk" }] },
    "devices[0].id must be a name of letters, digits, dots, dashes and underscores.",
  ],
  [{ devices: [{ ...desk, anchor: "yes" }] }, "devices[0].anchor must be true or false."],
  [{ devices: [{ ...desk, program: "baresip" }] }, "devices[0].program is not a key of the configuration."],
  [{ devices: [{ ...desk, transfer: "yes" }] }, "devices[0].transfer must be one of inside, outside, none."],
  [
    { devices: [{ id: "soft", kind: "softphone", program: "/usr/bin/xterm" }] },
    "devices[0].program must be baresip or linphonec, on the PATH or with its path.",
  ],
  [
    { devices: [{ id: "soft", kind: "softphone", program: "linphonec", anchor: false }] },
    "devices[0].anchor must be true for this program: it answers only calls with our own media.",
  ],
  [
    { devices: [{ id: "home", kind: "pstn" }] },
    "devices[0].number is missing; it says which telephone it is.",
  ],
  [
    { devices: [{ id: "home", kind: "pstn", number: "030 123456" }] },
    "devices[0].number needs a numberPlan, which says how it is called.",
  ],
  [
    { numberPlan: plan, devices: [{ id: "home", kind: "pstn", number: "112" }] },
    /^devices\[0\]\.number is refused: .*emergency calls are not made from here/,
  ],
  [{ numberPlan: { ...plan, country: "Germany" } }, "numberPlan.country must be a country code such as 49."],
  [{ numberPlan: { country: "49" } }, "numberPlan.gateway is missing; it says where numbers are called."],
  [
    { numberPlan: { ...plan, trunk: "zero" } },
    'numberPlan.trunk must be the digits dialled first, such as "00", or "none".',
  ],
  [
    { numberPlan: { ...plan, blocked: ["+49(900)"] } },
    'numberPlan.blocked must be numbers, x for any digit, * at the end for any more, such as "+4930*".',
  ],
  [
    { numberPlan: { ...plan, own: ["mine"] } },
    'numberPlan.own must be telephone numbers such as "+49 30 123456".',
  ],
  [{ devices: [desk, desk] }, 'devices[1].id "desk" is there twice.'],
  [
    {
      devices: [
        { ...desk, default: true },
        { ...desk, id: "b", default: true },
      ],
    },
    "devices may have one default only.",
  ],
];
