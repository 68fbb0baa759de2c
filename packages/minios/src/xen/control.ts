/**
 * The control plane of ClickOS, the guest's side, as staged code: what is below `data/clickos/0` in the store.
 *
 *   config_name, config/<i>  the configuration that the image was made of
 *   status                   `Running`, or `Halted`: whoever writes the other one halts the program, or has it go on
 *   control/read/<e>/<h>     written to, with anything: the value is put here and in elements/<e>/<h>, and elements/<e>/<h>/lock is written after it
 *   error                    why the last thing asked for did not happen
 *
 * The configuration is in the image as code: another one is another image. So is what handlers do when they are written to.
 */
import type { Func, FunctionBuilder, I32 } from "@clickos/codegen";
import { controlEntry, controlHeader, flagBit, textKind, valueTypes } from "./control-table.ts";
import type { Machine } from "./machine.ts";
import { TextBuffer } from "./memory.ts";
import type { StoreClient } from "./store.ts";

const home = "data/clickos/0/";
/** Bytes of a value in one node; what is longer goes on in children `1`, `2` and so on. */
const chunk = 2048;

export class Control {
  static readonly token = "c";
  private readonly machine: Machine;
  private readonly store: StoreClient;
  /** Nonzero while the program is halted. */
  private readonly halted: number;
  /** Changes of `status` that are the guest's own. */
  private readonly ownStatus: number;
  private readonly value: TextBuffer;

  constructor(machine: Machine, store: StoreClient) {
    this.machine = machine;
    this.store = store;
    this.halted = machine.memory.take(4);
    this.ownStatus = machine.memory.take(4);
    this.value = new TextBuffer(machine.memory, 64);
  }

  isHalted(c: FunctionBuilder): I32 {
    return c.load32(this.halted);
  }

  /** Shows the program, and listens. */
  publish(c: FunctionBuilder): void {
    const table = this.table(c);
    const word = (offset: number): I32 => c.load32(table, offset);
    this.put(c, "config_name", (t) => t.bytesFrom(c, word(controlHeader.nameAt), word(controlHeader.nameLength)));
    const length = word(controlHeader.configLength);
    const at = c.var("i32", 0, "at");
    const part = c.var("i32", 0, "part");
    c.loop(() => {
      const left = length.sub(at.get());
      const bytes = c.select(left.ltU(chunk), left, c.i32(chunk));
      this.store.write(
        c,
        (t) => t.text(c, `${home}config/`).decimal(c, part.get()),
        (t) => t.bytesFrom(c, at.get().add(word(controlHeader.configAt)), bytes),
      );
      part.inc();
      at.inc(chunk);
      c.if(at.get().geU(length), () => c.break());
    });
    this.status(c, "Running");
    this.store.watch(c, (t) => t.text(c, home.slice(0, -1)), Control.token);
  }

  /** Does what a change at a path asks for. */
  changed(c: FunctionBuilder, path: number, length: I32): void {
    c.call(this.handle(c), c.i32(path), length);
  }

  private handle({ module }: FunctionBuilder): Func<undefined> {
    return module.once("control changed", () =>
      module.func("control changed", { path: "i32", length: "i32" }, undefined, (c, { path, length }) => {
        const below = (name: string, then: (rest: I32, restLength: I32) => void): void => {
          const prefix = home + name;
          c.if(length.geU(prefix.length), () =>
            c.if(this.store.equals(c, path, c.i32(prefix.length), prefix), () =>
              then(path.add(prefix.length), length.sub(prefix.length)),
            ),
          );
        };
        below("status", (_, rest) => c.if(rest.eqz(), () => this.statusChanged(c)));
        below("control/read/", (rest, restLength) => this.read(c, rest, restLength));
        below("elements/", (rest, restLength) => this.written(c, rest, restLength));
      }),
    );
  }

  private statusChanged(c: FunctionBuilder): void {
    const own = c.load32(this.ownStatus);
    c.if(own, () => {
      c.store32(this.ownStatus, own.sub(1));
      c.return();
    });
    const length = this.store.read(c, (t) => t.text(c, `${home}status`));
    const set = (halted: number, text: string): void => {
      c.store32(this.halted, halted);
      this.machine.print(c, `clickos/0: ${text}\n`);
    };
    c.if(this.store.equals(c, this.store.reply, length, "Halted"), () => {
      c.if(c.load32(this.halted).eqz(), () => set(1, "Halted"));
      c.return();
    });
    c.if(this.store.equals(c, this.store.reply, length, "Running"), () => {
      c.if(c.load32(this.halted), () => set(0, "Running"));
      c.call(this.checkConfiguration(c));
      c.return();
    });
    c.if(length.geS(0), () => this.fail(c, (t) => t.text(c, "a status is Running or Halted")));
  }

  /** Whether the configuration in the store is that of the image, as far as its first part says. */
  private checkConfiguration({ module }: FunctionBuilder): Func<undefined> {
    return module.once("check configuration", () =>
      module.func("check configuration", {}, undefined, (c) => {
        const table = this.table(c);
        const length = this.store.read(c, (t) => t.text(c, `${home}config/0`));
        const own = c.load32(table, controlHeader.configLength);
        const expected = c.select(own.ltU(chunk), own, c.i32(chunk));
        const same = c.var("i32", length.eq(expected), "same");
        c.if(same.get(), () =>
          same.set(this.sameBytes(c, this.store.reply, c.load32(table, controlHeader.configAt), length)),
        );
        c.if(same.get().eqz(), () =>
          this.fail(c, (t) =>
            t.text(c, "the configuration is in the image: build another one, and create the domain again"),
          ),
        );
      }),
    );
  }

  private read(c: FunctionBuilder, path: I32, length: I32): void {
    const entry = c.call(this.find(c), path, length);
    c.if(entry.eqz(), () => {
      this.fail(c, (t) => t.text(c, "there is no value to be read of ").bytesFrom(c, path, length));
      c.return();
    });
    const own = c.load16(entry, controlEntry.ownReads);
    c.if(own, () => {
      c.store16(entry, own.sub(1), controlEntry.ownReads);
      c.return();
    });
    // What removes the node asks for nothing.
    const there = this.store.read(c, (t) => t.text(c, `${home}control/read/`).bytesFrom(c, path, length));
    c.if(there.ltS(0), () => c.return());
    const count = (offset: number): void => c.store16(entry, c.load16(entry, offset).add(1), offset);
    c.call(this.format(c), entry);
    count(controlEntry.ownElements);
    this.putValue(c, entry, "elements/");
    count(controlEntry.ownReads);
    this.putValue(c, entry, "control/read/");
    this.store.write(
      c,
      (t) => t.text(c, `${home}elements/`).bytesFrom(c, path, length).text(c, "/lock"),
      (t) => t.text(c, "0"),
    );
  }

  /** Who writes to a handler hears that this does nothing; the guest's own writes, and those of nothing, are no such. */
  private written(c: FunctionBuilder, path: I32, length: I32): void {
    const entry = c.call(this.find(c), path, length);
    c.if(entry.eqz(), () => c.return());
    const own = c.load16(entry, controlEntry.ownElements);
    c.if(own, () => {
      c.store16(entry, own.sub(1), controlEntry.ownElements);
      c.return();
    });
    const written = this.store.read(c, (t) => t.text(c, `${home}elements/`).bytesFrom(c, path, length));
    c.if(written.gtS(0), () =>
      this.fail(c, (t) => t.bytesFrom(c, path, length).text(c, ": handlers cannot be written in an image for Xen")),
    );
  }

  /** The entry of a path, 0 when there is none. */
  private find({ module }: FunctionBuilder): Func<"i32"> {
    return module.once("control find", () =>
      module.func("control find", { path: "i32", length: "i32" }, "i32", (c, { path, length }) => {
        const table = this.table(c);
        const entry = c.var("i32", table.add(controlHeader.entries), "entry");
        c.for(0, c.load32(table, controlHeader.count), 1, () => {
          c.if(c.load32(entry.get(), controlEntry.pathLength).eq(length), () =>
            c.if(this.sameBytes(c, path, c.load32(entry.get(), controlEntry.pathAt), length), () =>
              c.return(entry.get()),
            ),
          );
          entry.inc(controlEntry.size);
        });
        return c.i32(0);
      }),
    );
  }

  private sameBytes(outer: FunctionBuilder, a: I32 | number, b: I32, length: I32): I32 {
    const { module } = outer;
    const helper = module.once("same bytes", () =>
      module.func("same bytes", { a: "i32", b: "i32", length: "i32" }, "i32", (c, p) => {
        c.for(0, p.length, 1, (i) => c.if(c.load8(i.add(p.a)).ne(c.load8(i.add(p.b))), () => c.return(0)));
        return c.i32(1);
      }),
    );
    return outer.call(helper, a, b, length);
  }

  /** Writes a value as text into the buffer, where it is a number. */
  private format({ module }: FunctionBuilder): Func<undefined> {
    return module.once("control format", () =>
      module.func("control format", { entry: "i32" }, undefined, (c, { entry }) => {
        const at = c.load32(entry, controlEntry.valueAt);
        const kind = c.load32(entry, controlEntry.kind);
        const number = c.var("i64", 0n, "number");
        c.switch(
          kind.and(flagBit - 1),
          valueTypes.map((type) => () => {
            if (type === "span") number.set(c.load32(at, 4).sub(c.load32(at)).toI64());
            else if (type === "u8") number.set(c.load8(at).toI64());
            else if (type === "i32") number.set(c.load32(at).toI64S());
            else {
              const order = type.endsWith("be") ? "be" : "le";
              const width = Number.parseInt(type.slice(1), 10);
              if (width === 64) number.set(c.load64(at, 0, order));
              else number.set((width === 32 ? c.load32(at, 0, order) : c.load16(at, 0, order)).toI64());
            }
          }),
        );
        this.value.begin(c);
        c.if(kind.and(flagBit), () => {
          c.if(
            number.get().ne(0n),
            () => this.value.text(c, "true"),
            () => this.value.text(c, "false"),
          );
          c.return();
        });
        const signed = [valueTypes.indexOf("i32"), valueTypes.indexOf("i64")] as const;
        c.if(kind.eq(signed[0]).or(kind.eq(signed[1])).and(number.get().ltS(0n)), () => {
          this.value.text(c, "-");
          number.set(c.i64(0n).sub(number.get()));
        });
        this.value.number(c, number.get(), 10n);
      }),
    );
  }

  private putValue(c: FunctionBuilder, entry: I32, folder: string): void {
    const text = c.load32(entry, controlEntry.kind).eq(textKind);
    const at = c.select(text, c.load32(entry, controlEntry.valueAt), c.i32(this.value.address));
    const length = c.select(text, c.load32(entry, controlEntry.valueLength), this.value.length(c));
    const done = c.var("i32", 0, "done");
    const part = c.var("i32", 0, "part");
    c.loop(() => {
      const left = length.sub(done.get());
      const bytes = c.select(left.ltU(chunk), left, c.i32(chunk));
      this.store.write(
        c,
        (t) => {
          t.text(c, home + folder).bytesFrom(
            c,
            c.load32(entry, controlEntry.pathAt),
            c.load32(entry, controlEntry.pathLength),
          );
          c.if(part.get(), () => t.text(c, "/").decimal(c, part.get()));
        },
        (t) => t.bytesFrom(c, at.add(done.get()), bytes),
      );
      part.inc();
      done.inc(chunk);
      c.if(done.get().geU(length), () => c.break());
    });
  }

  private status(c: FunctionBuilder, value: string): void {
    this.put(c, "status", (t) => t.text(c, value));
  }
  /** Says in the store why something that was asked for did not happen. */
  fail(c: FunctionBuilder, why: (t: TextBuffer) => void): void {
    this.put(c, "error", why);
  }
  private put(c: FunctionBuilder, key: string, value: (t: TextBuffer) => void): void {
    this.store.write(c, (t) => t.text(c, home + key), value);
  }
  private table(c: FunctionBuilder): I32 {
    return c.call(c.module.import("xen", "control", {}, "i32"));
  }
}
