/** The control planes of all VMs of a toolstack: one connection to the store and one watch, whatever their number. */
import type { StoreConnection, XenStore } from "@clickos/xenstore";
import { type ClickControl, type RouterHost, serveClickControl } from "./click-control.ts";

const domains = "/local/domain/";

export class ClickControls {
  private readonly store: StoreConnection;
  /** By domain. */
  private readonly controls = new Map<number, ClickControl>();

  constructor(store: XenStore) {
    this.store = store.connect(0);
    this.store.watch(domains.slice(0, -1), "clickos", (path) => {
      const end = path.indexOf("/", domains.length);
      if (end > 0) this.controls.get(Number(path.slice(domains.length, end)))?.changed(path);
    });
  }

  serve(domain: number, host: RouterHost): ClickControl {
    const control = serveClickControl({ store: this.store, domain, host });
    this.controls.set(domain, control);
    return control;
  }
  /** The domain is no more. */
  end(domain: number): void {
    this.controls.get(domain)?.close();
    this.controls.delete(domain);
  }
}
