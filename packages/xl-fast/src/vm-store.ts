/** A VM in the store: its nodes, and its ring. */
import { frameSize } from "@clickos/grant-table";
import { type Domain, domainFrames, type Hypervisor, startInfo } from "@clickos/hypervisor";
import { xenbusState } from "@clickos/netfront";
import { serveRing, type XenStore } from "@clickos/xenstore";
import { clickosPath } from "./click-control.ts";
import { toBytes } from "./store-text.ts";
import type { VmVifs } from "./vm-vifs.ts";

/**
 * Connects a domain's store ring, before its kernel starts: `start_info` has the event channel. What it returns ends
 * the connection. A ring whose indices or messages are impossible is served no more; `onBroken` hears of it.
 */
export function connectStore(
  hypervisor: Hypervisor,
  store: XenStore,
  domain: Domain,
  onBroken: () => void = () => {},
): () => void {
  const { events } = hypervisor;
  const { buffer } = domain.memory;
  const remote = events.allocUnbound(domain.id, 0);
  const local = events.bindInterdomain(0, domain.id, remote);
  const page = new Int32Array(buffer, domainFrames.store * frameSize, frameSize / 4);
  // A page that nobody has written to is left alone: it is not resident.
  if (page.some((word) => word !== 0)) page.fill(0);
  startInfo.view(buffer, domainFrames.startInfo * frameSize).storeEvtchn = remote;
  const server = serveRing(store, domain.id, buffer, domainFrames.store * frameSize, () => events.send(0, local));
  hypervisor.onEvent(local, () => {
    const state = server.poll();
    if (state === "broken") {
      hypervisor.onEvent(local, undefined);
      onBroken();
    }
    return state === "more";
  });
  return () => {
    hypervisor.onEvent(local, undefined);
    server.close();
    events.close(0, local);
  };
}

/** Writes what the store holds of a VM: its name and its devices. The domain may read its own part. */
export function describeVm(store: XenStore, domain: Domain, name: string, bridges: VmVifs["bridges"]): void {
  const { id } = domain;
  const home = `/local/domain/${id}`;
  const own = ["n0", `r${id}`];
  // Not in a transaction, which costs more than all of this: nobody knows of the domain before it is introduced.
  store.mkdir("/local/domain/0/backend/vif");
  store.mkdir(home);
  store.setPermissions(home, own);
  store.write(`${home}/name`, toBytes(name));
  store.write(`${home}/domid`, String(id));
  store.mkdir(`${home}/control/shutdown`);
  // Tools take the domain for one of ClickOS because of it. The guest only reads it: its routers are domain 0's doing.
  store.mkdir(clickosPath(id));
  store.setPermissions(`${home}/data`, [`n${id}`]);
  for (const [device, bridge] of bridges) {
    store.write(`${home}/device/vif/${device}/state`, String(xenbusState.connected));
    store.write(`${home}/device/vif/${device}/backend`, `/local/domain/0/backend/vif/${id}/${device}`);
    store.write(`/local/domain/0/backend/vif/${id}/${device}/state`, String(xenbusState.connected));
    store.write(`/local/domain/0/backend/vif/${id}/${device}/bridge`, toBytes(bridge));
  }
  store.introduce(id);
}

export function forgetVm(store: XenStore, id: number): void {
  for (const path of [`/local/domain/${id}`, `/local/domain/0/backend/vif/${id}`])
    if (store.exists(path)) store.rm(path);
  if (store.isIntroduced(id)) store.release(id);
}
