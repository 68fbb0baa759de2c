/** A domain that goes to another daemon: its memory is sent while it runs, in rounds, then it stands still for the rest. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { MigrationResult, VifDefinition } from "@clickos/client";
import type { Departure, Toolstack } from "@clickos/xl-fast";
import { DaemonError } from "../daemon-error.ts";
import type { DomainTable } from "../domain-table.ts";
import { framesAtOnce, message, Peer, preface } from "./messages.ts";

/** Rounds while it runs, at most, and frames that are few enough for the last one. */
const mostRounds = 10;
const fewFrames = 32;
const frameSize = 4096;
const connectMs = 5000;
/** How long the domain stands still at most for a daemon that does not answer. */
const patienceMs = 3000;

export interface DepartureRequest {
  readonly name: string;
  /** `HOST:PORT`, or the path of a UNIX socket. */
  readonly to: string;
  readonly as?: string | undefined;
  readonly vifs?: readonly VifDefinition[] | undefined;
}

export interface LeavingParts {
  readonly toolstack: Toolstack;
  readonly table: DomainTable;
  /** It runs elsewhere, and stood still for so long: it is forgotten here. */
  gone(name: string, pauseMs: number): Promise<void>;
  /** It stays paused: nobody knows where it runs. */
  stranded(name: string): Promise<void>;
}

interface Sent {
  frames: number;
  bytes: number;
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

export class Leavings {
  private readonly at: LeavingParts;
  private readonly leaving = new Set<string>();

  constructor(parts: LeavingParts) {
    this.at = parts;
  }

  /** Resolves when the domain runs at the other side, and is gone here. Whatever fails before that, it goes on here. */
  async send(request: DepartureRequest): Promise<MigrationResult> {
    const { name } = request;
    const found = this.at.table.running(name);
    if (this.leaving.has(name)) throw new DaemonError("BAD_STATE", `'${name}' is on its way already`);
    this.leaving.add(name);
    let peer: Peer | undefined;
    try {
      const { settings } = found.record;
      const paused = found.vm.domain.state === "paused";
      const hello = {
        ...settings,
        name: request.as ?? name,
        vifs: request.vifs ?? settings.vifs,
        memoryKiB: undefined,
        pcpu: undefined,
        paused,
      };
      peer = await dial(request.to);
      return await this.move(peer, name, hello);
    } finally {
      this.leaving.delete(name);
      peer?.close();
    }
  }

  private async move(peer: Peer, name: string, settings: object): Promise<MigrationResult> {
    const began = performance.now();
    const departure = await this.at.toolstack.depart(name, { equal });
    const { devices, routers, pages } = departure;
    await peer.sendJson(message.hello, { settings, devices, routers: routers.map(({ router }) => router), pages });
    for (const { image } of routers) await peer.send(message.image, image.bytes);
    await peer.expect(message.ready);
    const sent: Sent = { frames: 0, bytes: 0 };
    let rounds = 0;
    for (let before = Number.POSITIVE_INFINITY; rounds < mostRounds; rounds++) {
      const changed = await sendRound(peer, departure, sent);
      if (rounds === 0) {
        await peer.send(message.rehearse);
        await peer.expect(message.ready);
      } else if (changed <= fewFrames || (rounds > 2 && changed >= before)) break;
      before = changed;
    }
    // Whether the other side may have it by now.
    let given = false;
    try {
      peer.patienceMs = patienceMs;
      const stoppedAt = performance.now();
      const timeNs = await departure.stop();
      const last = await sendRound(peer, departure, sent);
      await peer.sendJson(message.stopped, { timeNs: String(timeNs) });
      await peer.expect(message.prepared);
      given = true;
      await peer.send(message.go);
      await peer.expect(message.running);
      const pauseMs = performance.now() - stoppedAt;
      const held = await sendHeld(peer, departure);
      await peer.expect(message.kept);
      await this.at.gone(name, pauseMs);
      return {
        rounds: rounds + 2,
        frames: sent.frames,
        last,
        bytes: sent.bytes,
        pauseMs,
        held,
        totalMs: performance.now() - began,
      };
    } catch (e) {
      departure.goOn(given ? { paused: true } : {});
      if (!given) throw e;
      await this.at.stranded(name);
      const why = (e as Error).message;
      throw new DaemonError(
        "MIGRATION",
        `'${name}' was handed over, and the other daemon has not said that it has it (${why}): it stands still here; look whether it runs there, then destroy it here, or unpause it`,
      );
    }
  }
}

/** Sends what has changed since the last time; how many frames. */
async function sendRound(peer: Peer, departure: Departure, sent: Sent): Promise<number> {
  const parts: Uint8Array[] = [];
  const count = departure.round((frame, bytes) => {
    const number = Buffer.alloc(4);
    number.writeUInt32LE(frame);
    // One that has changed by the time that it leaves is sent again.
    parts.push(number, bytes);
  });
  for (let i = 0; i < parts.length; i += framesAtOnce * 2)
    await peer.send(message.frames, ...parts.slice(i, i + framesAtOnce * 2));
  sent.frames += count;
  sent.bytes += count * frameSize;
  return count;
}

/** Sends what came for it since it stopped; how many frames. */
async function sendHeld(peer: Peer, departure: Departure): Promise<number> {
  let count = 0;
  for (const { device, frames } of departure.leave())
    for (const frame of frames) {
      await peer.send(message.held, Uint8Array.of(device), frame);
      count++;
    }
  await peer.send(message.done);
  return count;
}

/** @throws {DaemonError} `MIGRATION` when nobody answers there. */
async function dial(to: string): Promise<Peer> {
  const tcp = /^(?:\[([^\]]+)\]|([^:/]+)):(\d{1,5})$/.exec(to);
  const socket: Socket = tcp ? connect(Number(tcp[3]), tcp[1] ?? (tcp[2] as string)) : connect(to);
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(connectMs) });
  } catch (e) {
    socket.destroy();
    const { name, message: said } = e as Error;
    const why = name === "AbortError" ? `nothing was heard for ${connectMs / 1000} s` : said;
    throw new DaemonError("MIGRATION", `no daemon answers at ${to}: ${why}`);
  }
  socket.write(preface);
  return new Peer(socket);
}
