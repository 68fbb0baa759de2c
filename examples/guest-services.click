// What a guest wants from its network: an address (DHCP), its gateway's Ethernet address (ARP), and answers to its pings.
//
//   clickos build guest-services.click -o guest-services.cos
//   clickos boot guest-services.cos --nic 0=qemu:/run/guest.sock,listen
//   qemu-system-x86_64 -netdev stream,id=n,server=off,addr.type=unix,addr.path=/run/guest.sock -device virtio-net-pci,netdev=n
//
// or, in process, with a TAP device as the guest's end:
//
//   clickos run guest-services.click --device 0=tap:click0

define($GATEWAY 10.0.0.1, $ETHER 02:00:00:00:00:01);

FromDevice(0) -> dhcp :: DHCPServer($GATEWAY, $ETHER, 10.0.0.100, COUNT 100, LEASE 1h) -> out :: ToDevice(0);

dhcp [1] -> kinds :: Classifier(12/0806 20/0001, 12/0800, -);
kinds [0] -> ARPResponder($GATEWAY $ETHER) -> out;
kinds [1] -> Strip(14) -> CheckIPHeader -> to :: IPClassifier(dst host $GATEWAY and icmp type echo, -);
kinds [2] -> Discard;

to [0] -> pings :: Counter -> ICMPPingResponder -> Unstrip(14) -> EtherMirror -> out;
to [1] -> Discard;
