/** Texts that name attachments. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isSpecification, NetdevError, openAttachment, parseSpecification } from "@clickos/netdev";
import { createCapture, openCapture } from "@clickos/pcap/node";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { deliver, frame, take } from "./ports.ts";

const dir = mkdtempSync(join(tmpdir(), "specification-"));
afterAll(() => rmSync(dir, { recursive: true }));

describe("texts of attachments", () => {
  it("say what is attached", () => {
    const asItIs = { follow: false, nanoseconds: false, live: false };
    const all = {
      "tap:click0": { kind: "tap", interface: "click0", persist: false },
      "tap:t,address=10.0.0.1/24,mac=2:0:0:0:0:a,persist,mtu=9000": {
        kind: "tap",
        interface: "t",
        address: { address: 0x0a000001, prefix: 24 },
        mac: Uint8Array.of(2, 0, 0, 0, 0, 10),
        persist: true,
        mtu: 9000,
      },
      "af_packet:eth0": { kind: "af_packet", interface: "eth0", promiscuous: true },
      "af_packet:eth0.5,quiet": { kind: "af_packet", interface: "eth0.5", promiscuous: false },
      "qemu:/run/x.sock": { kind: "qemu", place: { path: "/run/x.sock" }, listen: false },
      "qemu:./x:1,listen": { kind: "qemu", place: { path: "./x:1" }, listen: true },
      "qemu:host:80": { kind: "qemu", place: { host: "host", port: 80 }, listen: false },
      "udp:[::1]:5000,local=5001": { kind: "udp", peer: { host: "::1", port: 5000 }, local: { port: 5001 } },
      "udp:10.0.0.2:1,local=10.0.0.1:2": {
        kind: "udp",
        peer: { host: "10.0.0.2", port: 1 },
        local: { host: "10.0.0.1", port: 2 },
      },
      "dgram:/run/a,local=/run/b": { kind: "dgram", peer: "/run/a", local: "/run/b" },
      "ws:8080,guests=4": { kind: "ws", listen: { host: "127.0.0.1", port: 8080 }, path: "/", guests: 4 },
      "vxlan:10.0.0.2,id=42": { kind: "vxlan", peer: { host: "10.0.0.2" }, id: 42 },
      "vxlan:[::1]:1,id=0,local=7": { kind: "vxlan", peer: { host: "::1", port: 1 }, id: 0, local: { port: 7 } },
      "ws:8080": { kind: "ws", listen: { host: "127.0.0.1", port: 8080 }, path: "/" },
      "ws:0.0.0.0:80/v86": { kind: "ws", listen: { host: "0.0.0.0", port: 80 }, path: "/v86" },
      "ws://h:1/x": { kind: "ws", connect: "ws://h:1/x" },
      "wss://h/": { kind: "ws", connect: "wss://h/" },
      "pcap:a.pcap": { kind: "pcap", input: "a.pcap", ...asItIs },
      "pcap:a.pcap,out=b": { kind: "pcap", input: "a.pcap", output: "b", ...asItIs },
      "pcap:,out=b": { kind: "pcap", output: "b", ...asItIs },
      "pcap:a,follow,out=b,nano,live,rotate=1.5M,files=3": {
        kind: "pcap",
        input: "a",
        output: "b",
        follow: true,
        nanoseconds: true,
        live: true,
        rotateBytes: 1_500_000,
        files: 3,
      },
      "loopback:": { kind: "loopback" },
      "loopback:,loss=0.5,duplicate=.1,corrupt=1,reorder=0,delay=1.5ms,jitter=10us,rate=2.5M,seed=7": {
        kind: "loopback",
        faults: {
          loss: 0.5,
          duplicate: 0.1,
          corrupt: 1,
          reorder: 0,
          delayNs: 1_500_000,
          jitterNs: 10_000,
          rateBps: 2_500_000,
          seed: 7,
        },
      },
    };
    for (const [text, specification] of Object.entries(all))
      expect([text, parseSpecification(text)]).toEqual([text, specification]);
  });

  it("that are wrong say how", () => {
    const all = {
      "": "expected one of tap, af_packet",
      click0: "expected one of tap",
      "tun:x": "expected one of tap",
      "tap:": "expected the name of an interface",
      "tap:x,address=10.0.0.1": "address expects",
      "tap:x,address=10.0.0.256/8": "address expects",
      "tap:x,mac=1:2": "mac expects",
      "tap:x,persist=1": "persist takes no value",
      "tap:x,mtu": "mtu expects bytes, from 68 to 9000",
      "tap:x,mtu=9001": "mtu expects",
      "tap:x,mtu=68,mtu=69": "mtu is given twice",
      "tap:x,id=1": "'id' is not an option here; they are address, mac, persist, mtu, loss",
      "qemu:x": "expected a path with a / in it, or HOST:PORT",
      "qemu:h:65536": "expected a path",
      "udp:1.2.3.4": "expected HOST:PORT",
      "udp:1.2.3.4:5,local=x": "local expects",
      "vxlan:h": "expected id=",
      "vxlan:h,id=16777216": "id expects",
      "ws:": "expected PORT",
      "wss:8080": "expected PORT",
      "pcap:": "expected a file",
      "loopback:x": "a loopback has no name",
      "loopback:,loss=2": "loss expects a share",
      "loopback:,delay=1": "delay expects a time",
      "loopback:,rate=0": "rate expects",
    };
    for (const [text, message] of Object.entries(all)) {
      expect(() => parseSpecification(text)).toThrow(
        expect.objectContaining({ code: "BAD_SPECIFICATION", message: expect.stringContaining(message) }),
      );
    }
  });

  it("give a specification or an error that has a code, whatever they are", () => {
    const pieces = fc.constantFrom(
      "tap:",
      "qemu:",
      "udp:",
      "ws:",
      ",",
      "=",
      "[",
      "]",
      ":",
      "/",
      "mtu",
      "9000",
      "id",
      "é",
      "-1",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 8 }).map((all) => all.join("")),
        ),
        (text) => {
          try {
            parseSpecification(text);
            expect(isSpecification(text)).toBe(true);
          } catch (e) {
            expect(e).toBeInstanceOf(NetdevError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("attachments by their texts", () => {
  it("play and record captures", async () => {
    const [input, output] = [join(dir, "in.pcap"), join(dir, "out.pcap")];
    const capture = createCapture(input);
    capture.write(frame(1), 5n);
    capture.close();
    const port = await openAttachment(`pcap:${input},out=${output}`, { name: "eth0" });
    expect([port.name, take(port)]).toEqual(["eth0", [frame(1)]]);
    deliver(port, frame(2));
    port.detached?.();
    const reader = openCapture(output);
    expect(reader.next()?.data).toEqual(frame(2));
    reader.close();
    await expect(openAttachment(`pcap:${dir}/none`)).rejects.toMatchObject({ name: "CaptureError" });
    await expect(openAttachment(`pcap:${input},out=${dir}/none/x`)).rejects.toMatchObject({ name: "CaptureError" });
  });

  it("have the faults and the MTU that their texts say", async () => {
    const port = await openAttachment("loopback:,loss=1,mtu=1500", { mtu: 9000 });
    expect([port.name, port.frameLimit]).toEqual(["loopback:,loss=1,mtu=1500", 1518]);
    deliver(port, frame(1));
    expect([take(port), port.drops]).toEqual([[], { "lost on purpose": 1 }]);
  });
});
