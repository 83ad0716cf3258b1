//! The operations of `app`, one module of the source each.

mod batch_loop;
mod token_batch_sizer;
mod copy {
    mod range;
}
mod notify;
mod periods;
mod purge {
    mod checkpoint;
}
mod replication;
mod throttle;
mod token_batch;
