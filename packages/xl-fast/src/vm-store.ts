/** A VM in the store: its nodes, and its ring. */
import { frameSize } from "@clickos/grant-table";
import { type Domain, domainFrames, type Hypervisor, startInfo } from "@clickos/hypervisor";
import { xenbusState } from "@clickos/netfront";
import { serveRing, type XenStore } from "@clickos/xenstore";
import { clickosPath } from "./click-control.ts";
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
  new Uint8Array(buffer, domainFrames.store * frameSize, frameSize).fill(0);
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
  store.transaction((t) => {
    t.mkdir("/local/domain/0/backend/vif");
    t.mkdir(home);
    t.setPermissions(home, ["n0", `r${id}`]);
    t.write(`${home}/name`, name);
    t.write(`${home}/domid`, String(id));
    t.mkdir(`${home}/control/shutdown`);
    t.mkdir(`${home}/data`);
    t.setPermissions(`${home}/data`, [`n${id}`]);
    // Tools take the domain for one of ClickOS because of it. The guest only reads it: its routers are domain 0's doing.
    t.mkdir(clickosPath(id));
    t.setPermissions(clickosPath(id), ["n0", `r${id}`]);
    for (const [device, bridge] of bridges) {
      t.write(`${home}/device/vif/${device}/state`, String(xenbusState.connected));
      t.write(`${home}/device/vif/${device}/backend`, `/local/domain/0/backend/vif/${id}/${device}`);
      t.write(`/local/domain/0/backend/vif/${id}/${device}/state`, String(xenbusState.connected));
      t.write(`/local/domain/0/backend/vif/${id}/${device}/bridge`, bridge);
    }
  });
  store.introduce(id);
}

export function forgetVm(store: XenStore, id: number): void {
  for (const path of [`/local/domain/${id}`, `/local/domain/0/backend/vif/${id}`])
    if (store.exists(path)) store.rm(path);
  if (store.isIntroduced(id)) store.release(id);
}
