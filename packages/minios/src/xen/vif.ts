/**
 * Network interfaces: their part of the store, on both ends, until they are connected and when they are closed
 * (xen/include/public/io/netif.h, xenbus.h). The rings and grants are those of the staged front end: what it has to know,
 * and what it wants to have told, is in its device page.
 */
import { type FunctionBuilder, type I32, type I32Like, staged } from "@clickos/codegen";
import { devicePage, type VifPlaces, xenbusState } from "@clickos/netfront";
import type { Machine } from "./machine.ts";
import type { TextBuffer } from "./memory.ts";
import type { StoreClient } from "./store.ts";

const pathBytes = 256;

export class VifHandshake {
  /** What watches call it: a character. */
  readonly token: number;
  private readonly machine: Machine;
  private readonly store: StoreClient;
  private readonly places: VifPlaces;
  private readonly front: string;
  /** The back end's path, and its length; 0 where there is no such interface. */
  private readonly path: number;
  private readonly pathLength: number;

  constructor(machine: Machine, store: StoreClient, places: VifPlaces, index: number) {
    this.machine = machine;
    this.store = store;
    this.places = places;
    this.front = `device/vif/${places.device}`;
    this.token = "A".charCodeAt(0) + index;
    this.path = machine.memory.take(pathBytes, 16);
    this.pathLength = machine.memory.take(4);
  }

  /** Waits for the back end's offer, and fills in the device page. */
  prepare(c: FunctionBuilder): void {
    const { machine, store, front } = this;
    const page = staged(c, devicePage, this.places.page);
    const length = store.read(c, (t) => t.text(c, `${front}/backend`));
    c.if(
      length.sub(1).ltU(pathBytes - 32),
      () => {
        c.copy(this.path, store.reply, length);
        c.store32(this.pathLength, length);
        const idLength = store.read(c, (t) => t.text(c, `${front}/backend-id`));
        page.backendId.set(store.number(c, store.reply, idLength));
        const macLength = store.read(c, (t) => t.text(c, `${front}/mac`));
        this.address(c, macLength);
        store.watch(c, (t) => this.backend(c, t, "state"), String.fromCharCode(this.token));
        // It is there as soon as the interface has its script's word.
        c.loop(() => {
          c.if(this.backendState(c).eq(xenbusState.initWait), () => c.break());
          store.waitForEvents(c);
        });
        page.eventChannel.set(machine.allocUnbound(c, page.backendId.get()));
      },
      () => machine.print(c, `vif ${this.places.device}: the domain has none, and the configuration uses it\n`),
    );
  }

  /** Tells the back end where the rings are. */
  announce(c: FunctionBuilder): void {
    const { store, front } = this;
    const page = staged(c, devicePage, this.places.page);
    c.if(c.load32(this.pathLength), () => {
      const put = (key: string, value: I32 | number): void => {
        store.write(
          c,
          (t) => t.text(c, `${front}/${key}`),
          (t) => t.decimal(c, value),
        );
      };
      put("tx-ring-ref", page.txRingRef.get());
      put("rx-ring-ref", page.rxRingRef.get());
      put("event-channel", page.eventChannel.get());
      put("request-rx-copy", 1);
      put("feature-rx-notify", 1);
      put("feature-sg", 1);
      // Frames come with their checksums.
      put("feature-no-csum-offload", 1);
      put("state", xenbusState.connected);
    });
  }

  /** Goes with the back end where it closes. */
  changed(c: FunctionBuilder): void {
    const state = this.backendState(c);
    const closes = state.eq(xenbusState.closing).or(state.eq(xenbusState.closed));
    c.if(closes, () => {
      this.store.write(
        c,
        (t) => t.text(c, `${this.front}/state`),
        (t) => t.decimal(c, xenbusState.closed),
      );
      this.machine.print(c, `vif ${this.places.device}: the back end has closed it\n`);
    });
  }

  private backend(c: FunctionBuilder, t: TextBuffer, key: string): void {
    t.bytesFrom(c, this.path, c.load32(this.pathLength)).text(c, `/${key}`);
  }
  private backendState(c: FunctionBuilder): I32 {
    const length = this.store.read(c, (t) => this.backend(c, t, "state"));
    return this.store.number(c, this.store.reply, c.select(length.ltS(0), c.i32(0), length));
  }
  /** `xx:xx:xx:xx:xx:xx`. */
  private address(c: FunctionBuilder, length: I32): void {
    const at = this.places.page + devicePage.offsets.mac;
    const digit = (from: I32Like): I32 => {
      const letter = c.load8(from).or(0x20);
      return c.select(letter.leU(0x39), letter.sub(0x30), letter.sub(0x57)).and(15);
    };
    c.if(length.eq(17), () => {
      for (let i = 0; i < 6; i++) {
        const from = this.store.reply + 3 * i;
        c.store8(
          at + i,
          digit(from)
            .shl(4)
            .or(digit(from + 1)),
        );
      }
    });
  }
}
