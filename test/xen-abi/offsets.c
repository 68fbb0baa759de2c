/*
 * Prints sizes and offsets of Xen's public structures and the values of its constants, for numbers.txt.
 *
 *   cc -I /usr/include offsets.c -o offsets && ./offsets > numbers.txt        (Debian: apt-get install libxen-dev)
 */
#define __XEN_TOOLS__ 1
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <xen/callback.h>
#include <xen/elfnote.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/io/console.h>
#include <xen/io/netif.h>
#include <xen/io/ring.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xen/sched.h>
#include <xen/xen.h>

#define SIZE(type) printf("sizeof %s %zu\n", #type, sizeof(struct type))
#define FIELD(type, field) printf("offset %s.%s %zu\n", #type, #field, offsetof(struct type, field))
#define VALUE(name) printf("value %s %lld\n", #name, (long long)(name))

int main(void)
{
    SIZE(start_info);
    FIELD(start_info, magic);
    FIELD(start_info, nr_pages);
    FIELD(start_info, shared_info);
    FIELD(start_info, flags);
    FIELD(start_info, store_mfn);
    FIELD(start_info, store_evtchn);
    FIELD(start_info, cmd_line);
    SIZE(shared_info);
    FIELD(shared_info, vcpu_info);
    FIELD(shared_info, evtchn_pending);
    FIELD(shared_info, evtchn_mask);
    FIELD(shared_info, wc_version);
    FIELD(shared_info, wc_sec);
    FIELD(shared_info, wc_nsec);
    SIZE(vcpu_info);
    FIELD(vcpu_info, evtchn_upcall_pending);
    FIELD(vcpu_info, evtchn_upcall_mask);
    FIELD(vcpu_info, evtchn_pending_sel);
    SIZE(grant_entry_v1);
    FIELD(grant_entry_v1, flags);
    FIELD(grant_entry_v1, domid);
    FIELD(grant_entry_v1, frame);
    SIZE(gnttab_copy);
    FIELD(gnttab_copy, source.u.ref);
    FIELD(gnttab_copy, source.domid);
    FIELD(gnttab_copy, source.offset);
    FIELD(gnttab_copy, dest.u.ref);
    FIELD(gnttab_copy, dest.domid);
    FIELD(gnttab_copy, dest.offset);
    FIELD(gnttab_copy, len);
    FIELD(gnttab_copy, flags);
    FIELD(gnttab_copy, status);
    SIZE(gnttab_query_size);
    FIELD(gnttab_query_size, dom);
    FIELD(gnttab_query_size, nr_frames);
    FIELD(gnttab_query_size, max_nr_frames);
    FIELD(gnttab_query_size, status);
    SIZE(evtchn_alloc_unbound);
    FIELD(evtchn_alloc_unbound, dom);
    FIELD(evtchn_alloc_unbound, remote_dom);
    FIELD(evtchn_alloc_unbound, port);
    SIZE(evtchn_bind_interdomain);
    FIELD(evtchn_bind_interdomain, remote_dom);
    FIELD(evtchn_bind_interdomain, remote_port);
    FIELD(evtchn_bind_interdomain, local_port);
    SIZE(evtchn_bind_virq);
    FIELD(evtchn_bind_virq, virq);
    FIELD(evtchn_bind_virq, vcpu);
    FIELD(evtchn_bind_virq, port);
    SIZE(evtchn_bind_ipi);
    FIELD(evtchn_bind_ipi, vcpu);
    FIELD(evtchn_bind_ipi, port);
    SIZE(evtchn_status);
    FIELD(evtchn_status, dom);
    FIELD(evtchn_status, port);
    FIELD(evtchn_status, status);
    SIZE(netif_tx_request);
    FIELD(netif_tx_request, gref);
    FIELD(netif_tx_request, offset);
    FIELD(netif_tx_request, flags);
    FIELD(netif_tx_request, id);
    FIELD(netif_tx_request, size);
    SIZE(netif_tx_response);
    FIELD(netif_tx_response, id);
    FIELD(netif_tx_response, status);
    SIZE(netif_rx_request);
    FIELD(netif_rx_request, id);
    FIELD(netif_rx_request, gref);
    SIZE(netif_rx_response);
    FIELD(netif_rx_response, id);
    FIELD(netif_rx_response, offset);
    FIELD(netif_rx_response, flags);
    FIELD(netif_rx_response, status);
    SIZE(netif_extra_info);
    FIELD(netif_extra_info, type);
    FIELD(netif_extra_info, flags);
    FIELD(netif_extra_info, u.gso.size);
    FIELD(netif_extra_info, u.gso.type);
    FIELD(netif_extra_info, u.gso.features);
    FIELD(netif_extra_info, u.mcast.addr);
    SIZE(netif_tx_sring);
    FIELD(netif_tx_sring, req_prod);
    FIELD(netif_tx_sring, req_event);
    FIELD(netif_tx_sring, rsp_prod);
    FIELD(netif_tx_sring, rsp_event);
    FIELD(netif_tx_sring, ring);
    SIZE(netif_rx_sring);
    FIELD(netif_rx_sring, ring);
    SIZE(xencons_interface);
    FIELD(xencons_interface, in);
    FIELD(xencons_interface, out);
    FIELD(xencons_interface, in_cons);
    FIELD(xencons_interface, in_prod);
    FIELD(xencons_interface, out_cons);
    FIELD(xencons_interface, out_prod);
    SIZE(xenstore_domain_interface);
    FIELD(xenstore_domain_interface, req);
    FIELD(xenstore_domain_interface, rsp);
    FIELD(xenstore_domain_interface, req_cons);
    FIELD(xenstore_domain_interface, req_prod);
    FIELD(xenstore_domain_interface, rsp_cons);
    FIELD(xenstore_domain_interface, rsp_prod);
    SIZE(xsd_sockmsg);
    FIELD(xsd_sockmsg, type);
    FIELD(xsd_sockmsg, req_id);
    FIELD(xsd_sockmsg, tx_id);
    FIELD(xsd_sockmsg, len);
    VALUE(GTF_permit_access);
    VALUE(GTF_readonly);
    VALUE(GTF_reading);
    VALUE(GTF_writing);
    VALUE(GTF_type_mask);
    VALUE(GNTTAB_NR_RESERVED_ENTRIES);
    VALUE(GNTST_okay);
    VALUE(GNTST_general_error);
    VALUE(GNTST_bad_domain);
    VALUE(GNTST_bad_gntref);
    VALUE(GNTST_bad_handle);
    VALUE(GNTST_bad_virt_addr);
    VALUE(GNTST_bad_dev_addr);
    VALUE(GNTST_no_device_space);
    VALUE(GNTST_permission_denied);
    VALUE(GNTST_bad_page);
    VALUE(GNTST_bad_copy_arg);
    VALUE(GNTST_address_too_big);
    VALUE(GNTST_eagain);
    VALUE(GNTST_no_space);
    VALUE(GNTTABOP_map_grant_ref);
    VALUE(GNTTABOP_unmap_grant_ref);
    VALUE(GNTTABOP_copy);
    VALUE(GNTTABOP_query_size);
    VALUE(GNTCOPY_source_gref);
    VALUE(GNTCOPY_dest_gref);
    VALUE(EVTCHNOP_bind_interdomain);
    VALUE(EVTCHNOP_bind_virq);
    VALUE(EVTCHNOP_bind_ipi);
    VALUE(EVTCHNOP_close);
    VALUE(EVTCHNOP_send);
    VALUE(EVTCHNOP_status);
    VALUE(EVTCHNOP_alloc_unbound);
    VALUE(EVTCHNOP_unmask);
    VALUE(EVTCHNOP_reset);
    VALUE(EVTCHNSTAT_closed);
    VALUE(EVTCHNSTAT_unbound);
    VALUE(EVTCHNSTAT_interdomain);
    VALUE(EVTCHNSTAT_virq);
    VALUE(EVTCHNSTAT_ipi);
    VALUE(VIRQ_TIMER);
    VALUE(VIRQ_DEBUG);
    VALUE(VIRQ_CONSOLE);
    VALUE(VIRQ_DOM_EXC);
    VALUE(SCHEDOP_yield);
    VALUE(SCHEDOP_block);
    VALUE(SCHEDOP_shutdown);
    VALUE(SHUTDOWN_poweroff);
    VALUE(SHUTDOWN_reboot);
    VALUE(SHUTDOWN_suspend);
    VALUE(SHUTDOWN_crash);
    VALUE(SHUTDOWN_watchdog);
    VALUE(SHUTDOWN_soft_reset);
    VALUE(__HYPERVISOR_set_timer_op);
    VALUE(__HYPERVISOR_console_io);
    VALUE(__HYPERVISOR_grant_table_op);
    VALUE(__HYPERVISOR_sched_op);
    VALUE(__HYPERVISOR_event_channel_op);
    VALUE(DOMID_SELF);
    VALUE(DOMID_FIRST_RESERVED);
    VALUE(NETTXF_csum_blank);
    VALUE(NETTXF_data_validated);
    VALUE(NETTXF_more_data);
    VALUE(NETTXF_extra_info);
    VALUE(NETRXF_data_validated);
    VALUE(NETRXF_csum_blank);
    VALUE(NETRXF_more_data);
    VALUE(NETRXF_extra_info);
    VALUE(NETRXF_gso_prefix);
    VALUE(NETIF_RSP_DROPPED);
    VALUE(NETIF_RSP_ERROR);
    VALUE(NETIF_RSP_OKAY);
    VALUE(NETIF_RSP_NULL);
    VALUE(XEN_NETIF_EXTRA_TYPE_GSO);
    VALUE(XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
    VALUE(XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
    VALUE(XEN_NETIF_EXTRA_TYPE_HASH);
    VALUE(XEN_NETIF_EXTRA_FLAG_MORE);
    VALUE(XEN_NETIF_NR_SLOTS_MIN);
    VALUE(XenbusStateUnknown);
    VALUE(XenbusStateInitialising);
    VALUE(XenbusStateInitWait);
    VALUE(XenbusStateInitialised);
    VALUE(XenbusStateConnected);
    VALUE(XenbusStateClosing);
    VALUE(XenbusStateClosed);
    FIELD(start_info, console.domU.mfn);
    FIELD(start_info, console.domU.evtchn);
    FIELD(vcpu_info, time.version);
    FIELD(vcpu_info, time.tsc_timestamp);
    FIELD(vcpu_info, time.system_time);
    FIELD(start_info, mfn_list);
    FIELD(vcpu_info, arch.cr2);
    FIELD(vcpu_info, time);
    FIELD(vcpu_time_info, version);
    FIELD(vcpu_time_info, tsc_timestamp);
    FIELD(vcpu_time_info, system_time);
    FIELD(vcpu_time_info, tsc_to_system_mul);
    FIELD(vcpu_time_info, tsc_shift);
    VALUE(__HYPERVISOR_set_trap_table);
    VALUE(__HYPERVISOR_update_va_mapping);
    VALUE(__HYPERVISOR_callback_op);
    VALUE(GNTTABOP_setup_table);
    VALUE(CALLBACKOP_register);
    VALUE(CALLBACKTYPE_event);
    VALUE(CALLBACKTYPE_failsafe);
    VALUE(UVMF_INVLPG);
    VALUE(FLAT_KERNEL_CS);
    VALUE(XEN_ELFNOTE_ENTRY);
    VALUE(XEN_ELFNOTE_HYPERCALL_PAGE);
    VALUE(XEN_ELFNOTE_VIRT_BASE);
    VALUE(XEN_ELFNOTE_PADDR_OFFSET);
    VALUE(XEN_ELFNOTE_XEN_VERSION);
    VALUE(XEN_ELFNOTE_GUEST_OS);
    VALUE(XEN_ELFNOTE_GUEST_VERSION);
    VALUE(XEN_ELFNOTE_LOADER);
    VALUE(XEN_ELFNOTE_PAE_MODE);
    VALUE(XEN_ELFNOTE_FEATURES);
    printf("value ring_size(netif_tx) %u\n", (unsigned)__CONST_RING_SIZE(netif_tx, 4096));
    printf("value ring_size(netif_rx) %u\n", (unsigned)__CONST_RING_SIZE(netif_rx, 4096));
    return 0;
}
