/** Size, memory and speed of creation of a guest, beside those of a Linux that does the same. */

/** Memory is what `xl` says of a domain that runs; times are by domain 0's clock, from before `xl create`. */
export async function figures(dom0) {
  if (!dom0.linux) return "skipped: there is no xen-netfront among the kernel's modules";
  const rows = [];
  for (const [name, file] of [
    ["responder", "responder.elf"],
    ["linux", "linux.kernel linux.ramdisk"],
  ]) {
    // The first question for the guest's address waits until it is answered, and is asked ten times a second.
    const { output } = await dom0.must(
      `cd /proc/sys/net/ipv4/neigh/default; echo 100 > retrans_time_ms; echo 900 > mcast_solicit; cd /root
          now() { cut -d' ' -f1 /proc/uptime; }
          a=$(now); xl create /root/${name}.cfg >/dev/null; b=$(now)
          ip addr add 10.9.0.1/24 dev vif$(xl domid ${name}).0; ping -c 1 -W 100 10.9.0.2 >/dev/null; c=$(now)
          echo $a $b $c $(cat ${file} | wc -c) $(xl list ${name} | awk 'NR==2 {print $3}'); xl destroy ${name}`,
      200_000,
    );
    const [a, b, c, bytes, memory] = output.split("\n").at(-1).split(" ").map(Number);
    rows.push(
      `${name}: ${Math.ceil(bytes / 1024)} KB, ${memory} MiB, xl create ${(b - a).toFixed(2)} s, first answer after ${(c - a).toFixed(2)} s`,
    );
    await dom0.gone(name);
  }
  return rows.join("; ");
}
